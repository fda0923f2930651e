-- People and their sessions. These call functions of db/app/101_sessions.sql, which alone may read
-- the tables behind them: there is no identity yet when somebody signs in.

-- name: workspace_name$
-- The name over the sidebar.
select app.workspace_name();

-- name: is_set_up$
-- Whether a first owner exists.
select app.is_set_up();

-- name: find_sign_in^
-- The person behind an email address, with the password hash and recent failures.
select user_id, role, name, email, password_hash, recent_failures
from app.find_sign_in(:email);

-- name: note_sign_in_failure!
-- One more wrong password for this address.
select app.note_sign_in_failure(:email);

-- name: start_session!
-- A new session; days is its lifetime.
select app.start_session(:user_id::uuid, :token_sha256, :user_agent, :ip, :days);

-- name: session_identity^
-- The person a session token belongs to, if it has not ended.
select user_id, role, name, email from app.session_identity(:token_sha256);

-- name: end_session!
-- Sign out.
select app.end_session(:token_sha256);

-- name: create_owner$
-- The first person of a new workspace; fails when there is already one.
select app.create_owner(:workspace, :email, :name, :password_hash);
