-- What a process has taken in hand is its own until the lease ends (real time), so that many
-- processes can work side by side and what a dead one held is found again.

alter table conversation add column last_id text not null default '';
alter table inbox add column lease_until bigint not null default 0;
alter table outbox add column lease_until bigint not null default 0;
alter table outbox add column holder text;
alter table call add column lease_until bigint not null default 0;
alter table call add column holder text;
