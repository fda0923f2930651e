-- What nobody has read, found without reading a whole thread: e-mails and calls beside the index that
-- messages have (017). The contact's page looks for the first of them and marks them as read.
begin;

create index if not exists emails_conversation_id_unread_idx
    on emails (conversation_id) where direction = 'inbound' and read_at is null;
create index if not exists calls_conversation_id_unread_idx
    on calls (conversation_id)
    where direction = 'inbound' and read_at is null and status in ('missed', 'voicemail');

commit;
