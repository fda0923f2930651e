-- Reading what a contact sent: read_at is set once, for the whole team; triggers keep the counters of
-- the conversations. Threads with something unread lead to it over partial indexes.

-- name: sees_contact$
-- Whether there is such a contact for the caller.
select exists (select from contacts c where c.id = :contact_id);

-- name: read_messages!
-- Messages that were stored by a moment and that nobody had read.
update messages m set read_at = now()
where m.conversation_id = any (array(
          select v.id from conversations v
          where v.contact_id = :contact_id and v.unread_count > 0))
  and m.direction = 'inbound' and m.read_at is null and m.created_at <= :until;

-- name: read_calls!
-- Missed calls and voicemails, likewise.
update calls k set read_at = now()
where k.conversation_id = any (array(
          select v.id from conversations v
          where v.contact_id = :contact_id and v.unread_count > 0))
  and k.direction = 'inbound' and k.read_at is null and k.status in ('missed', 'voicemail')
  and k.created_at <= :until;

-- name: read_emails!
-- E-mails, likewise.
update emails e set read_at = now()
where e.conversation_id = any (array(
          select v.id from conversations v
          where v.contact_id = :contact_id and v.unread_count > 0))
  and e.direction = 'inbound' and e.read_at is null and e.created_at <= :until;
