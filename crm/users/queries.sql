-- People and their sessions. These call functions of db/app/101_sessions.sql, which alone may read
-- the tables behind them: there is no identity yet when somebody signs in.

-- name: workspace^
-- The name over the sidebar, and the time zone of whoever told no other.
select app.workspace_name() as name, app.workspace_zone() as timezone;

-- name: is_set_up$
-- Whether a first owner exists.
select app.is_set_up();

-- name: find_sign_in^
-- The person behind an email address, with the password hash.
select user_id, role, name, email, password_hash, has_second_factor
from app.find_sign_in(:email);

-- name: take_attempt$
-- Count a try before it is checked; 0, or seconds to wait.
select app.take_attempt(:what, :whom, :address);

-- name: forget_attempts!
-- The try was right.
select app.forget_attempts(:what, :whom, :address);

-- name: start_session!
-- A new session; days is its lifetime.
select app.start_session(:user_id::uuid, :token_sha256, :user_agent, :ip, :days);

-- name: session_identity^
-- The person a session token belongs to, if it has not ended; and what the workspace is called now,
-- and its time zone.
select user_id, role, name, email, app.workspace_name() as workspace,
       app.workspace_zone() as timezone
from app.session_identity(:token_sha256);

-- name: end_session!
-- Sign out.
select app.end_session(:token_sha256);

-- name: create_owner$
-- The first person of a new workspace; fails when there is already one.
select app.create_owner(:workspace, :email, :name, :password_hash);

-- Second factor ---------------------------------------------------------------------------------

-- name: start_challenge!
-- The password was right, a code is owed.
select app.start_challenge(:user_id::uuid, :token_sha256);

-- name: find_challenge^
-- Who owes a code, and the secret to check it by.
select user_id, secret from app.find_challenge(:token_sha256);

-- name: pass_challenge$
-- Use a code up and start the session; false when it was used before.
select app.pass_challenge(
    :token_sha256, :step::bigint, :recovery_sha256::bytea, :session_sha256, :user_agent, :ip, :days);

-- name: my_second_factor^
-- Whether it is on, recovery codes left, and the secret while it waits for its first code.
select is_confirmed, codes_left, secret from app.my_second_factor();

-- name: begin_second_factor!
-- A secret that waits for its first code.
select app.begin_second_factor(:secret);

-- name: confirm_second_factor$
-- From now on signing in asks for a code.
select app.confirm_second_factor(:step::bigint, :codes::bytea[]);

-- name: renew_recovery_codes!
-- New recovery codes; the old ones end.
select app.renew_recovery_codes(:codes::bytea[]);

-- name: end_second_factor!
-- No codes any more.
select app.end_second_factor();

-- name: reset_second_factor!
-- Somebody has lost theirs.
select app.reset_second_factor(:id::uuid);

-- One's own account ------------------------------------------------------------------------------

-- name: my_session$
-- Which of one's sessions this browser has.
select app.my_session(:token_sha256);

-- name: list_my_sessions
-- Where one is signed in, the last used first.
select id, user_agent, host(ip) as ip, created_at, last_seen_at, expires_at
from app.sessions
where user_id = current_user_id() and expires_at > now()
order by last_seen_at desc, id;

-- name: end_one_session$
-- Sign out one browser; row level security leaves only one's own.
delete from app.sessions where id = :id and user_id = current_user_id() returning id;

-- name: end_other_sessions!
-- Sign out everywhere but in one session.
delete from app.sessions where user_id = current_user_id() and id is distinct from :id::uuid;

-- name: change_my_name!
-- The name that others see.
select app.change_my_name(:name);

-- name: change_my_password!
-- A new password; other sessions end.
select app.change_my_password(:password_hash, :session_sha256);

-- Links in mails ---------------------------------------------------------------------------------

-- name: request_reset!
-- A link by mail, if somebody has this address.
select app.request_reset(:email, :token_sha256, :subject, :body);

-- name: make_reset$
-- A link that an owner or admin hands over.
select app.make_reset(:id::uuid, :token_sha256);

-- name: find_reset^
-- Whose password an open link changes.
select email, name from app.find_reset(:token_sha256);

-- name: finish_reset$
-- A new password by an open link, once.
select app.finish_reset(:token_sha256, :password_hash);

-- name: invite$
-- Ask somebody to join, with the mail.
select app.invite(:email, :role, :token_sha256, :subject, :body);

-- name: invite_again$
-- A new link for an open invitation.
select app.invite_again(:id::uuid, :token_sha256, :subject, :body);

-- name: revoke_invitation!
-- The link leads nowhere any more.
select app.revoke_invitation(:id::uuid);

-- name: role_of_invitation$
-- The role of an open invitation.
select role::text from app.invitations
where id = :id and accepted_at is null and revoked_at is null;

-- name: find_invitation^
-- An open invitation by its link.
select id, email, role, inviter from app.find_invitation(:token_sha256);

-- name: accept_invitation$
-- Make the invited person, once.
select app.accept_invitation(:token_sha256, :name, :password_hash);

-- People and workspace ---------------------------------------------------------------------------

-- name: list_people
-- Everybody, active ones first.
select u.id, u.email::text, u.name::text, u.role::text, u.is_active,
       app.may_manage(u.role::text) as is_managed, f.id is not null as has_second_factor
from app.users u
left join app.people_with_second_factor() as f (id) on f.id = u.id
order by not u.is_active, lower(u.name), u.email;

-- name: get_person^
-- Somebody, and whether the caller manages them.
select u.id, u.email::text, u.name::text, u.role::text, u.is_active, u.created_at,
       app.may_manage(u.role::text) as is_managed, f.id is not null as has_second_factor
from app.users u
left join app.people_with_second_factor() as f (id) on f.id = u.id
where u.id = :id;

-- name: change_person$
-- What is given; policies and triggers decide whether.
update app.users
set name = coalesce(:name::text, name), role = coalesce(:role::text, role),
    is_active = coalesce(:is_active::boolean, is_active)
where id = :id
returning id;

-- name: list_invitations
-- The open ones, and how their mail did.
select i.id, i.email::text, i.role::text, i.sent_at, i.expires_at, i.expires_at < now() as is_over,
       coalesce(u.name, '')::text as inviter, coalesce(m.state, '')::text as mail_state,
       coalesce(m.last_error, '')::text as mail_error
from app.invitations i
left join app.users u on u.id = i.invited_by
left join app.mails m on m.id = i.mail_id
where i.accepted_at is null and i.revoked_at is null
order by i.sent_at desc;

-- name: list_mail_trouble
-- Mails of the last week that were not sent, or perhaps were.
select id, recipient::text, subject::text, state::text, last_error::text, attempts, created_at
from app.mails
where (state in ('failed', 'unclear') or state = 'pending' and attempts > 0)
  and created_at > now() - interval '7 days'
order by created_at desc
limit 20;

-- name: workspace_settings^
-- Name, visibility and time zone, with their defaults.
select coalesce((select value #>> '{}' from app.settings where key = 'workspace'), 'Contact CRM')
           as workspace,
       coalesce((select value #>> '{}' from app.settings where key = 'visibility'), 'team')
           as visibility,
       app.workspace_zone() as timezone;

-- name: save_setting!
-- One setting that is a text.
insert into app.settings (key, value) values (:key, to_jsonb(:value::text))
on conflict (key) do update set value = excluded.value;

-- name: list_my_tokens
-- One's tokens, those that work first.
select id, name::text, hint::text, scopes, expires_at, last_used_at, revoked_at, created_at,
       revoked_at is null and (expires_at is null or expires_at > now()) as is_open
from app.api_tokens
where user_id = current_user_id()
order by not (revoked_at is null and (expires_at is null or expires_at > now())), created_at desc;

-- name: create_token$
-- A token, never wider than the caller.
select app.create_token(:name, :token_sha256, :hint, :scopes::text[], :expires_at::timestamptz);

-- name: revoke_token$
-- End a token; false when there is none to end.
select app.revoke_token(:id::uuid);

-- As JSON, for the API ---------------------------------------------------------------------------

-- name: in_scope$
-- Whether this request's credential covers a resource.
select app.in_scope(:scope, :access);

-- name: token_as_json$
-- A token that was just made (who may write tokens may read them).
select row_to_json(r)::text from (
    select id, user_id, name, hint, scopes, expires_at, last_used_at, revoked_at, created_at,
           updated_at
    from app.api_tokens where id = :id) r;

-- name: invitations_as_json$
-- The newest 200, for who may see them.
select coalesce(json_agg(row_to_json(r)), '[]')::text from (
    select id, email, role, invited_by, sent_at, expires_at, accepted_at, revoked_at, created_at
    from app.invitations order by created_at desc, id limit 200) r;

-- name: invitation_as_json$
-- One.
select row_to_json(r)::text from (
    select id, email, role, invited_by, sent_at, expires_at, accepted_at, revoked_at, created_at
    from app.invitations where id = :id) r;

-- name: sessions_as_json$
-- One's own, the last used first.
select coalesce(json_agg(row_to_json(r)), '[]')::text from (
    select id, user_agent, host(ip) as ip,
           id::text = current_setting('app.credential', true) as is_this,
           created_at, last_seen_at, expires_at
    from app.sessions
    where user_id = current_user_id() and expires_at > now()
    order by last_seen_at desc, id) r;
