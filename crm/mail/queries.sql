-- Mail that leaves. These call functions of db/app/111_mail.sql.

-- name: take_mail^
-- The next mail that is due, taken by us alone.
select id, recipient, subject, body, attempts from app.take_mail();

-- name: settle_mail!
-- What became of it: sent, failed, unclear or later.
select app.settle_mail(:id, :outcome, :error);

-- name: note_no_mail_server!
-- Nothing can be sent: say so on what waits.
select app.note_no_mail_server();
