-- The record is let go of without a look through all that waits, for each row of it that goes:
-- `id` refers to message (id) by itself now. SQLite takes that only in a table made anew.
create table outbox_anew (
    conversation text not null references conversation (id),
    id text not null,
    channel text not null,
    once integer not null,
    free integer not null,
    owner_epoch bigint not null,
    state text not null,
    attempts integer not null default 0,
    epoch integer not null default 0,
    not_before bigint not null default 0,
    after text,
    created_at bigint not null,
    lease_until bigint not null default 0,
    holder text,
    primary key (conversation, id)
) /*clustered*/;
insert into outbox_anew (conversation, id, channel, once, free, owner_epoch, state, attempts, epoch,
                         not_before, after, created_at, lease_until, holder)
select conversation, id, channel, once, free, owner_epoch, state, attempts, epoch,
       not_before, after, created_at, lease_until, holder from outbox;
drop table outbox;
alter table outbox_anew rename to outbox;
create index outbox_due on outbox (not_before) where state in ('queued', 'unknown');
