-- Two messages of one conversation on the wire at once: impossible, not merely unlikely.
create unique index outbox_alone on outbox (conversation) where state in ('sending', 'unknown');
create index outbox_wire on outbox (lease_until) where state = 'sending';
create index call_lease on call (state, lease_until);

-- Small tables whose rows change at every turn: room for the new versions beside the old ones.
alter table conversation set (fillfactor = 70);
alter table inbox set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
alter table outbox set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
