-- The record is let go of without a look through all that waits, for each row of it that goes.
alter table outbox drop constraint outbox_id_fkey;
