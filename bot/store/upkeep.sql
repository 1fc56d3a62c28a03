-- Named statements as in `queries.sql`: dead letters, and the end of what has been kept long enough.

-- name: dead_events
select i.id, i.at, v.channel, i.conversation, i.kind, coalesce(m.content, i.payload), i.attempts,
       i.error, coalesce(m.raw, ''), c.name, c.phone
from inbox i join conversation v on v.id = i.conversation join contact c on c.id = v.contact
left join message m on m.id = i.id
where i.state = 'dead' and i.id < $1 order by i.id desc limit $2
-- name: unreadable
select id, at, channel, kind, text, raw from notice
where substr(kind, 1, 10) = 'malformed.' and id < $1 order by id desc limit $2
-- name: count_dead
select count(*) from inbox where state = 'dead' and id > ''
-- name: count_unreadable
select count(*) from notice where substr(kind, 1, 10) = 'malformed.' and id > ''
-- name: dead_event
select conversation, seq, kind, at from inbox where id = $1 and state = 'dead'
-- name: revive_event
update inbox set state = 'new', attempts = 0, lease_until = 0
where conversation = $1 and seq = $2 and state = 'dead'
-- name: wait_for_event
update conversation set waiting = waiting + 1, ready_at = $2 where id = $1
-- name: skip_event
delete from inbox where conversation = $1 and seq = $2 and state = 'dead'
-- name: skip_unreadable
update notice set kind = 'skipped.' || substr(kind, 11)
where id = $1 and substr(kind, 1, 10) = 'malformed.'
-- name: is_unreadable
select 1 from notice where id = $1 and substr(kind, 1, 10) = 'malformed.'

-- name: claim_upkeep
-- Whose turn it is: nobody's before the time is over, unless the clock went back.
update setting set value = $2
where name = 'upkeep' and (cast(value as bigint) <= cast($1 as bigint)
                          or cast(value as bigint) > cast($3 as bigint))
-- name: prune_seen
delete from seen where (channel, external_id) in (
    select channel, external_id from seen where at < $1 order by at limit $2)
-- name: old_dead
select conversation, seq, id, kind from inbox where state = 'dead' and id < $1 and at < $2
order by id limit $3
-- name: old_unsent
select conversation, id from outbox where state in ('parked', 'held') and id < $1
and created_at < $2 limit $3
-- name: prune_messages
-- What still waits to be handled or sent needs its message.
delete from message where id in (
    select m.id from message m where m.id < $1 and m.at < $2
    and not exists (select 1 from outbox o where o.conversation = m.conversation and o.id = m.id)
    and not exists (select 1 from inbox i where i.conversation = m.conversation and i.id = m.id)
    order by m.id limit $3)
-- name: prune_turns
delete from turn where id in (
    select id from turn where id < $1 and at < $2 order by id limit $3)
-- name: prune_tickets
delete from ticket where id in (
    select id from ticket where id < $1 and closed_at < $2 and state = 'closed'
    order by id limit $3)
-- name: prune_receipts
delete from receipt where id in (
    select id from receipt where id < $1 and at < $2 order by id limit $3)
-- name: prune_notices
delete from notice where id in (
    select id from notice where id < $1 and at < $2 order by id limit $3)
-- name: prune_audit
delete from audit where id in (
    select id from audit where id < $1 and at < $2 order by id limit $3)
