-- Named statements, one text for both databases. $n are parameters. `/*lock c, v*/` locks those rows
-- in that order on PostgreSQL, `/*claim v*/` also passes by the rows that others hold. Always the
-- contact before its conversation. `/*alone $2*/` is `Tx.alone`. SQLite has one writer: needs none.

-- name: setting
select value from setting where name = $1
-- name: set_setting
insert into setting (name, value) values ($1, $2)
on conflict (name) do nothing
-- name: probe
insert into setting (name, value) values ('probe', $1)
on conflict (name) do update set value = excluded.value
-- name: be_careful
insert into setting (name, value) values ('careful', $1)
on conflict (name) do update set value = excluded.value
-- name: lock
select 1 from conversation v where v.id = $1 /*lock v*/

-- name: last_beat
select s.value from setting s where s.name = 'beat' /*lock s*/
-- name: beat
insert into setting (name, value) values ('beat', $1)
on conflict (name) do update set value = excluded.value

-- name: see
insert into seen (channel, external_id, at) values ($1, $2, $3) on conflict do nothing

-- name: conversation_by_address
select v.id, v.channel, v.owner, v.owner_epoch, v.rev, v.in_seq, v.state, v.busy, v.waiting,
       v.window_until, v.last_inbound_at, v.timers, v.reach, v.remind_at, v.closing, v.last_id,
       c.id, c.name, c.language, c.language_from, c.timezone, c.phone, c.fields, c.tags,
       c.opted_out_at
from address a
join contact o on o.id = a.contact
join contact c on c.id = coalesce(o.alias_of, o.id)
join conversation v on v.contact = c.id and v.channel = $4
where a.kind = $1 and a.value = $2 and a.scope = $3 and c.alias_of is null /*lock c, v*/

-- name: conversation
select v.id, v.channel, v.owner, v.owner_epoch, v.rev, v.in_seq, v.state, v.busy, v.waiting,
       v.window_until, v.last_inbound_at, v.timers, v.reach, v.remind_at, v.closing, v.last_id,
       c.id, c.name, c.language, c.language_from, c.timezone, c.phone, c.fields, c.tags,
       c.opted_out_at
from conversation v join contact c on c.id = v.contact
where v.id = $1 /*lock c, v*/

-- name: contact_by_address
select coalesce(o.alias_of, o.id) from address a join contact o on o.id = a.contact
where a.kind = $1 and a.value = $2 and a.scope = $3

-- name: contact_by_id
select coalesce(alias_of, id) from contact where id = $1
-- name: conversations_by_contact
select id, channel from conversation where contact = $1 order by last_inbound_at desc, id desc

-- name: add_contact
insert into contact (id, name, phone, created_at) values ($1, $2, $3, $4)
-- name: add_address
insert into address (kind, value, scope, contact) values ($1, $2, $3, $4) on conflict do nothing
-- name: join_contacts
update contact set alias_of = $2 where id = $1 or alias_of = $1
-- name: conversations_of
select id from conversation where contact = $1
-- name: rest_conversation
update conversation set remind_at = null, timers = 0, owner = 'bot', owner_epoch = owner_epoch + 1
where id = $1
-- name: addresses
select a.kind, a.value, a.scope from address a join contact o on o.id = a.contact
where o.id = $1 or o.alias_of = $1 order by a.kind desc, a.contact desc
-- name: reach_contact
update conversation set reach = $2 where contact = $1
-- name: phone_contact
update contact set phone = $2 where id = $1
-- name: name_contact
update contact set name = $2 where id = $1
-- name: add_conversation
insert into conversation (id, contact, channel, reach, created_at) values ($1, $2, $3, $4, $5)
on conflict (contact, channel) do nothing

-- name: add_event
insert into inbox (conversation, seq, id, kind, payload, at, state, attempts, error)
values ($1, $2, $3, $4, $5, $6, 'new', 0, $7)
-- name: content_of
select content from message where id = $1
-- name: set_content
update message set content = $2 where id = $1
-- name: expect_event
update conversation set in_seq = in_seq + 1, waiting = waiting + 1,
       ready_at = coalesce(ready_at, $2)
where id = $1
-- name: add_event_behind
insert into inbox (conversation, seq, id, kind, payload, at, state, attempts)
select v.id, v.in_seq, $2, $3, $4, $5, 'new', 0 from conversation v where v.id = $1
-- name: add_notice
insert into notice (id, channel, kind, text, raw, at) values ($1, $2, $3, $4, $5, $6)
-- name: add_inbound
insert into message (id, conversation, direction, origin, content, raw, at, status, provider_id)
values ($1, $2, 'in', 'customer', $3, $4, $5, 'received', $6)
-- name: heard
update conversation set in_seq = $2, last_inbound_at = $3, window_until = $4, closing = $5,
       remind_at = $6, waiting = waiting + $7, ready_at = coalesce(ready_at, $8), last_id = $9
where id = $1
-- name: flood
-- What was begun, or has something behind it, grows no more.
select payload from inbox where conversation = $1 and seq = $2 and state = 'new'
  and kind = 'message' and payload is not null and attempts = 0
-- name: add_flood
insert into inbox (conversation, seq, id, kind, payload, at, state, attempts, lease_until)
values ($1, $2, $3, 'message', $4, $5, 'new', 0, $6)
-- name: grow_flood
update inbox set payload = $3, lease_until = $4 where conversation = $1 and seq = $2
-- name: flood_messages
select content from message where conversation = $1 and id >= $2 and id <= $3 and direction = 'in'
order by id limit $4
-- name: look_again
update conversation set ready_at = $2 where id = $1

-- name: ready
select id from conversation where ready_at <= $1 order by ready_at limit $2
-- name: suspects
select v.id from conversation v where v.ready_at <= $1 and v.id in (
    select i.conversation from inbox i where i.state = 'new' and i.attempts > 0 and i.error is null)
order by v.ready_at limit $2
-- name: next_event
select i.id, i.kind, i.payload, i.at, i.attempts, m.content, i.seq, i.lease_until, i.error
from inbox i
left join message m on m.id = i.id
where i.conversation = $1 and i.state = 'new' and (i.kind <> 'message' or $2 = 0)
order by i.seq limit 1
-- name: try_event
update inbox set attempts = attempts + 1, lease_until = $3 where conversation = $1 and seq = $2
-- name: fail_event
update inbox set error = $3, lease_until = 0 where conversation = $1 and id = $2
-- name: end_event
delete from inbox where conversation = $1 and seq = $2
-- name: put_aside
update inbox set state = 'dead', error = $3, lease_until = 0
where conversation = $1 and id = $2 and state = 'new'
-- name: bury_event
-- Where it was the result of a call, and no other runs, messages wait for nothing any more.
update conversation set waiting = waiting - 1, ready_at = $2, busy = case
    when exists (select 1 from call k where k.conversation = $1)
      or exists (select 1 from inbox i where i.conversation = $1 and i.kind = 'result'
                 and i.state = 'new') then busy else 0 end
where id = $1
-- name: end_begun
update inbox set lease_until = 0 where lease_until > 0
-- name: end_waits
update conversation set ready_at = $1 where ready_at > $1

-- name: commit_turn
update conversation set rev = rev + 1, state = $3, flow = $4, version = $5, step = $6, owner = $7,
       owner_epoch = $8, busy = $9, remind_at = $10, timers = $11, waiting = $12, ready_at = $13,
       in_seq = $14, last_inbound_at = $15, window_until = $16, closing = $17, last_id = $18
where id = $1 and rev = $2
-- name: add_turn
insert into turn (id, conversation, kind, at, rule, item, score, step_before, step_after,
                  version, outcome)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
-- name: add_outbound
insert into message (id, conversation, direction, origin, content, at, status, reason)
values ($1, $2, 'out', $3, $4, $5, $6, $7)
-- name: heard_last
select provider_id from message where conversation = $1 and direction = 'in' and id <= $2
order by id desc limit 1
-- name: add_send
insert into outbox (conversation, id, channel, once, free, owner_epoch, state, attempts, epoch,
                    not_before, created_at, lease_until, holder)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
-- name: unsent
select 1 from outbox where conversation = $1 and state <> 'held' limit 1
-- name: suppress
update message set status = 'suppressed', reason = $2
where id in (select id from outbox where conversation = $1 and state in ('queued', 'parked'))
  and origin = 'bot'
-- name: drop_suppressed
delete from outbox where conversation = $1 and state in ('queued', 'parked')
  and id in (select id from message where conversation = $1 and status = 'suppressed')
-- name: unpark
update outbox set state = 'queued', not_before = 0 where conversation = $1 and state = 'parked'
-- name: change_contact
update contact set language = $2, language_from = $3, fields = $4, tags = $5, opted_out_at = $6
where id = $1

-- name: set_timer
insert into timer (conversation, name, fire_at, token) values ($1, $2, $3, $4)
on conflict (conversation, name) do update set fire_at = excluded.fire_at, token = excluded.token
-- name: drop_timers
delete from timer where conversation = $1
-- name: due_timers
select t.conversation, t.name, t.token from timer t
join conversation v on v.id = t.conversation join contact c on c.id = v.contact
where t.fire_at <= $1 order by t.fire_at limit $2 /*claim c, v*/
-- name: drop_timer
delete from timer where conversation = $1 and name = $2 and token = $3
-- name: count_timer_off
update conversation set timers = timers - 1 where id = $1
-- name: due_reminders
select v.id from conversation v join contact c on c.id = v.contact
where v.remind_at <= $1 order by v.remind_at limit $2 /*claim c, v*/
-- name: reminded
update conversation set remind_at = null, closing = 1 where id = $1 and remind_at is not null
-- name: next_due
select min(at) from (select min(fire_at) as at from timer
                     union all select min(remind_at) from conversation
                     where remind_at is not null) as due

-- name: add_call
insert into call (key, conversation, operation, arguments, retries, timeout_ms, state, created_at)
values ($1, $2, $3, $4, $5, $6, 'queued', $7) on conflict do nothing
-- name: calls
select k.key, k.conversation, v.channel, k.operation, k.arguments, k.retries, k.timeout_ms
from call k join conversation v on v.id = k.conversation
where k.state = $1 and k.lease_until <= $2
  and replace($4, '|' || k.operation || '|', '') = $4
order by k.created_at limit $3 /*claim k*/
-- name: run_call
update call set state = 'running', lease_until = $2, holder = $3 where key = $1
-- name: keep_calls
update call set lease_until = $3 where key = $1 and holder = $2 and state = 'running'
-- name: extend_calls
update call set lease_until = $1 where state = 'running'
-- name: end_leases_of_calls
update call set lease_until = 0 where state = 'running'
-- name: end_call
delete from call where key = $1

-- name: head
select o.id, o.channel, o.once, o.free, o.owner_epoch, o.state, o.attempts, o.epoch, o.not_before,
       o.created_at, m.content, m.origin, m.status,
       v.reach, v.window_until, v.owner, v.owner_epoch, c.opted_out_at
from outbox o
join message m on m.id = o.id
join conversation v on v.id = o.conversation
join contact c on c.id = v.contact
where o.conversation = $1 and o.state not in ('held', 'parked')
order by o.state in ('sending', 'unknown') desc, o.id limit 1
-- name: followed
select 1 from outbox where conversation = $1 and id > $2 and state = 'queued' limit 1
-- name: due_sends
-- Only what stands first: who waits behind a retry must not fill the page of those who could go.
select o.conversation from outbox o join conversation v on v.id = o.conversation
where o.state in ('queued', 'unknown') and o.not_before <= $1 and not exists (
    select 1 from outbox b where b.conversation = o.conversation and b.id <> o.id
    and (b.state in ('sending', 'unknown')
         or (b.state = 'queued' and o.state = 'queued' and b.id < o.id)))
order by o.not_before limit $2 /*claim v*/
-- name: claim
update outbox set state = 'sending', epoch = epoch + 1, attempts = attempts + 1, after = null,
       lease_until = $4, holder = $5
where conversation = $1 and id = $2 and epoch = $3 and state in ('queued', 'unknown')
-- name: set_send
update outbox set state = $3, not_before = $4 where conversation = $1 and id = $2
-- name: settle_send
update outbox set state = $4, not_before = $5
where conversation = $1 and id = $2 and epoch = $3 and state in ('sending', 'unknown')
-- name: settled
delete from outbox where conversation = $1 and id = $2 and epoch = $3
  and state in ('sending', 'unknown')
-- name: has_left
-- What the provider took has left, under whatever claim; only a copy that another process is sending
-- right now stays with that process.
delete from outbox where conversation = $1 and id = $2
  and (epoch = $3 or state <> 'sending' or holder = $4)
-- name: drop_send
delete from outbox where conversation = $1 and id = $2
-- name: message_sent
-- A failure stays if it is that of this very copy, and not of another one.
update message set status = case when status in ('delivered', 'read') then status else 'sent' end,
       provider_id = $2, reason = null
where id = $1 and not (status = 'failed' and exists (
    select 1 from receipt r where r.channel = $3 and r.provider_id = $2 and r.status = 'failed'))
/*alone $2*/
-- name: sent_before
select 1 from message where id = $1 and status in ('sent', 'delivered', 'read')
-- name: message_is
update message set status = $2, reason = $3 where id = $1
-- name: doubt
update message set doubt = doubt + 1 where id = $1
-- name: gate
update outbox set after = $2, not_before = $3 where conversation = $1 and id = (
    select min(id) from outbox where conversation = $1 and state = 'queued')
-- name: open_gate
update outbox set after = null, not_before = 0
where conversation = $1 and after = $2 and state = 'queued'
-- name: lapsed
select o.conversation, o.id from outbox o join conversation v on v.id = o.conversation
where o.state = 'sending' and o.lease_until <= $1 limit $2 /*claim v*/
-- name: lapse
update outbox set state = 'unknown', not_before = $4
where conversation = $1 and id = $2 and state = 'sending' and lease_until <= $3
-- name: lost
select conversation, id, epoch from outbox
where state = 'sending' and holder = $1 and lease_until <= $2 order by conversation
-- name: doubts
-- So said SQLite looks only through what may leave: what is parked can be much.
select 1 from outbox where state in ('queued', 'unknown') and state = 'unknown' limit 1
-- name: wait_on
update outbox set not_before = case when not_before + $1 > $2 then $2 else not_before + $1 end
where state = 'unknown'
-- name: wait_again
update outbox set not_before = $1 where state = 'unknown'
-- name: close_window
update conversation set window_until = case when window_until > $2 then $2 else window_until end
where id = $1
-- name: add_receipt
insert into receipt (id, channel, message, provider_id, status, at, code, error)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
-- name: message_by_tag
select m.id, m.conversation, m.status, m.provider_id, o.state from message m
left join outbox o on o.conversation = m.conversation and o.id = m.id
join conversation v on v.id = m.conversation
where m.id = $1 and m.direction = 'out' and v.channel = $2
-- name: message_by_provider
select m.id, m.conversation, m.status, m.provider_id, o.state from message m
left join outbox o on o.conversation = m.conversation and o.id = m.id
join conversation v on v.id = m.conversation
where m.provider_id = $1 and m.direction = 'out' and v.channel = $2
-- name: refused_before
select 1 from receipt where channel = $1 and provider_id = $2 and status = 'failed' limit 1
-- name: orphans
select id, status, code, error from receipt where provider_id = $1 and channel = $2
  and message is null order by at
-- name: adopt_receipt
update receipt set message = $2 where id = $1
-- name: park_again
-- Not what an agent's take would have kept from leaving, had it still been waiting.
insert into outbox (id, conversation, channel, once, free, owner_epoch, state, created_at)
select m.id, m.conversation, v.channel, 0, 1, v.owner_epoch, 'parked', m.at
from message m join conversation v on v.id = m.conversation
where m.id = $1 and not (m.origin = 'bot' and exists (
    select 1 from audit a where a.object = m.conversation and a.what = 'take' and a.id > m.id))
on conflict do nothing

-- name: open_ticket
insert into ticket (id, conversation, queue, priority, state, note, reason, return_to, created_at)
values ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8) on conflict do nothing
-- name: ticket
select t.id, t.queue, t.state, t.agent, t.return_to, t.created_at, g.name
from ticket t left join agent g on g.id = t.agent
where t.conversation = $1 and t.state <> 'closed'
-- name: take_ticket
update ticket set state = 'taken', agent = $2, taken_at = $3
where conversation = $1 and state <> 'closed'
-- name: close_ticket
update ticket set state = 'closed', outcome = $2, closed_at = $3
where conversation = $1 and state <> 'closed'

-- name: add_audit
insert into audit (id, at, who, what, object, detail) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
