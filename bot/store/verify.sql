-- What `bot doctor --verify` asks, one text for both databases. Every statement is a snapshot of its own, so
-- what it finds wrong was wrong at one moment; nothing here writes. Pages go by a key: $1 is behind
-- the last page, $2 the end of this one. Columns: conversation, the row it is about, then figures.

-- name: conversation_page
select id from conversation where id > $1 order by id limit $2
-- name: message_page
select id from message where id > $1 order by id limit $2
-- name: receipt_page
select id from receipt where id > $1 order by id limit $2
-- name: seen_page
select channel, external_id from seen where (channel, external_id) > ($1, $2)
order by channel, external_id limit $3
-- name: size_of_turn
select count(*) from turn
-- name: size_of_inbox
select count(*) from inbox
-- name: size_of_outbox
select count(*) from outbox

-- Conversations, a page at a time.

-- name: waiting_counted
select id, id, waiting, kept from (
    select v.id, v.waiting, (select count(*) from inbox i
                             where i.conversation = v.id and i.state = 'new') as kept
    from conversation v where v.id > $1 and v.id <= $2) as c
where waiting <> kept
-- name: timers_counted
select id, id, timers, kept from (
    select v.id, v.timers, (select count(*) from timer t where t.conversation = v.id) as kept
    from conversation v where v.id > $1 and v.id <= $2) as c
where timers <> kept
-- name: last_message_written
select v.id, v.id, v.last_id from conversation v
where v.id > $1 and v.id <= $2 and v.last_id > $3
  and not exists (select 1 from message m where m.id = v.last_id and m.conversation = v.id)
-- name: ticket_with_owner
select v.id, coalesce(t.id, v.id), v.owner, coalesce(t.state, 'none')
from conversation v left join ticket t on t.conversation = v.id and t.state <> 'closed'
where v.id > $1 and v.id <= $2
  and case when v.owner = 'bot' then t.id is not null
           when v.owner = 'queue' then t.id is null or t.state <> 'waiting'
           else t.id is null or t.state <> 'taken' or v.owner <> 'agent:' || t.agent end
-- name: nobody_looks
select v.id, min(i.id) from conversation v
join inbox i on i.conversation = v.id and i.state = 'new' and (v.busy = 0 or i.kind <> 'message')
where v.id > $1 and v.id <= $2 and v.ready_at is null
group by v.id
-- name: busy_with_nothing
select v.id, v.id from conversation v
where v.id > $1 and v.id <= $2 and v.busy = 1
  and not exists (select 1 from call k where k.conversation = v.id)
  and not exists (select 1 from inbox i where i.conversation = v.id and i.kind = 'result'
                  and i.state = 'new')
-- name: conversation_waits
select v.id, (select min(i.id) from inbox i where i.conversation = v.id and i.state = 'new')
from conversation v where v.id > $1 and v.id <= $2 and v.ready_at < $3
-- name: reminder_waits
select v.id, v.id from conversation v where v.id > $1 and v.id <= $2 and v.remind_at < $3

-- Messages, a page at a time.

-- name: heard_twice
select m.conversation, m.id, m.provider_id, min(b.id) from message m
join conversation v on v.id = m.conversation
join message b on b.provider_id = m.provider_id and b.direction = 'in' and b.id < m.id
join conversation w on w.id = b.conversation and w.channel = v.channel
where m.id > $1 and m.id <= $2 and m.direction = 'in'
group by m.conversation, m.id, m.provider_id
-- name: heard_and_forgotten
select m.conversation, m.id, m.provider_id from message m
left join turn t on t.id = m.id
left join inbox i on i.conversation = m.conversation and i.id = m.id
where m.id > $1 and m.id <= $2 and m.direction = 'in' and t.id is null and i.id is null
  and m.at >= $3
-- name: heard_and_not_seen
select m.conversation, m.id, m.provider_id from message m
join conversation v on v.id = m.conversation
left join seen s on s.channel = v.channel and s.external_id = m.provider_id
where m.id > $1 and m.id <= $2 and m.direction = 'in' and s.external_id is null
  and m.at >= $3
-- name: never_leaves
select m.conversation, m.id, m.status from message m
left join outbox o on o.conversation = m.conversation and o.id = m.id
where m.id > $1 and m.id <= $2 and m.direction = 'out' and o.id is null
  and m.status in ('queued', 'parked', 'held') and m.at >= $3
-- name: no_such_status
select m.conversation, m.id, m.status from message m
where m.id > $1 and m.id <= $2 and m.direction = 'out' and m.status not in
    ('queued', 'parked', 'held', 'sent', 'delivered', 'read', 'failed', 'suppressed')
-- name: sent_by_nobody
select m.conversation, m.id, m.status from message m
where m.id > $1 and m.id <= $2 and m.direction = 'out' and m.provider_id is null
  and m.status in ('sent', 'delivered', 'read')
-- name: taken_and_failed
select m.conversation, m.id, m.provider_id from message m
join conversation v on v.id = m.conversation
where m.id > $1 and m.id <= $2 and m.direction = 'out' and m.status = 'failed'
  and m.provider_id is not null and m.at >= $3 and not exists (
      select 1 from receipt r where r.channel = v.channel and r.provider_id = m.provider_id
      and r.status = 'failed')
-- name: said_to_be_sent
select m.conversation, m.id from message m
where m.id > $1 and m.id <= $2 and m.direction = 'out' and m.status in ('sent', 'delivered', 'read')

-- What the provider reports, a page at a time.

-- name: reported_outside_window
select m.conversation, m.id, r.at from receipt r join message m on m.id = r.message
join conversation v on v.id = m.conversation
where r.id > $1 and r.id <= $2 and r.status = 'sent'
  and m.content not like '{"type":"template"%'
  and (r.at > v.window_until + $3 or r.at > $3 + 86400000 + coalesce((
      select i.at from message i where i.conversation = m.conversation and i.direction = 'in'
      and i.id < r.id order by i.id desc limit 1), 0))
-- name: reported_after_take
select m.conversation, m.id, r.at, min(a.at) from receipt r join message m on m.id = r.message
join audit a on a.object = m.conversation and a.what = 'take' and a.id > m.id
where r.id > $1 and r.id <= $2 and r.status = 'sent' and m.origin = 'bot' and a.at + $3 < r.at
group by m.conversation, m.id, r.at

-- The ids that were seen, a page at a time: ($1, $2) is behind the last, ($3, $4) the end.

-- name: seen_and_lost
select '', s.external_id, s.channel from seen s
where (s.channel, s.external_id) > ($1, $2) and (s.channel, s.external_id) <= ($3, $4)
  and s.channel <> '' and s.external_id not like 'notice:%' and s.at >= $5 and not exists (
      select 1 from message m join conversation v on v.id = m.conversation
      where m.provider_id = s.external_id and m.direction = 'in' and v.channel = s.channel)

-- What is still to be done, and the journal, at once.

-- name: turns_counted
-- A turn of the flood's or of an event that staff closed moves nothing. What was let go of is missing.
select v.id, v.id, v.rev, coalesce(t.taken, 0) from conversation v left join (
    select conversation, count(*) as taken from turn
    where not (rule = 'ignored' and item in ('flood', 'skipped')) group by conversation) as t
on t.conversation = v.id
where v.rev < coalesce(t.taken, 0) or (v.rev > coalesce(t.taken, 0) and v.created_at >= $1)
limit 1000
-- name: events_counted
select id, id, in_seq, rev, kept, closed from (
    select v.id, v.in_seq, v.rev, v.created_at, coalesce(t.closed, 0) as closed,
           (select count(*) from inbox i where i.conversation = v.id) as kept
    from conversation v left join (
        select conversation, count(*) as closed from turn
        where rule = 'ignored' and item = 'skipped' group by conversation) as t
    on t.conversation = v.id) as c
where in_seq < rev + kept + closed or (in_seq > rev + kept + closed and created_at >= $1)
limit 1000
-- name: turns_joined
-- Each turn leads from a step to a step. Whatever their order, all of them are one way to where the
-- conversation stands only if every other step was left as often as it was reached.
select w.conversation, w.conversation, w.step, w.more, coalesce(v.flow || '/' || v.step, '')
from (select conversation, step, sum(n) as more from (
          select conversation, step_after as step, 1 as n from turn where step_after <> step_before
          union all
          select conversation, step_before, -1 from turn where step_after <> step_before) as ends
      group by conversation, step having sum(n) <> 0) as w
join conversation v on v.id = w.conversation
where v.created_at >= $1 and (w.more not in (-1, 1)
   or (w.more = 1 and w.step <> coalesce(v.flow || '/' || v.step, ''))) limit 1000
-- name: handled_and_waits
select i.conversation, i.id, i.state from inbox i join turn t on t.id = i.id limit 1000
-- name: beyond_the_last
select i.conversation, i.id, i.seq, v.in_seq from inbox i
join conversation v on v.id = i.conversation where i.seq > v.in_seq limit 1000
-- name: tried_too_often
select i.conversation, i.id, i.attempts from inbox i where i.attempts > $1 limit 1000
-- name: put_aside_silently
select i.conversation, i.id from inbox i
where i.state = 'dead' and coalesce(i.error, '') = '' limit 1000
-- name: fired_twice
select a.conversation, b.id, a.id from inbox a
join inbox b on b.conversation = a.conversation and b.seq > a.seq and b.payload = a.payload
where a.kind = 'timer' and b.kind = 'timer' limit 1000
-- name: timer_waits
select t.conversation, t.name from timer t where t.fire_at < $1 limit 1000
-- name: shown_otherwise
select o.conversation, o.id, m.status, o.state from outbox o join message m on m.id = o.id
where case o.state when 'queued' then m.status not in ('queued', 'parked')
                   when 'parked' then m.status <> 'parked'
                   when 'held' then m.status <> 'held' else false end limit 1000
-- name: nothing_to_send
select o.conversation, o.id, o.state from outbox o
where not exists (select 1 from message m where m.id = o.id) limit 1000
-- name: not_suppressed
select o.conversation, o.id from outbox o join message m on m.id = o.id
join conversation v on v.id = o.conversation
where v.owner like 'agent:%' and m.origin = 'bot' and o.owner_epoch < v.owner_epoch
  and o.attempts = 0 and o.state in ('queued', 'parked') limit 1000
-- name: send_waits
select o.conversation, o.id, o.state from outbox o join message m on m.id = o.id
where case when o.state = 'sending' then o.lease_until < $1
           when o.state in ('queued', 'unknown') then o.not_before < $1 and m.id < $2
           else false end
  and not exists (select 1 from outbox b where b.conversation = o.conversation and b.id <> o.id
                  and (b.state in ('sending', 'unknown')
                       or (b.state = 'queued' and o.state = 'queued' and b.id < o.id))) limit 1000
-- name: call_waits
select k.conversation, k.key, k.state from call k
where case when k.state = 'running' then k.lease_until < $1 else k.created_at < $1 end limit 1000
-- name: anything_waits
select i.conversation, i.id, 'the inbox' from inbox i where i.state = 'new'
union all select o.conversation, o.id, 'the outbox' from outbox o
          where o.state in ('queued', 'sending', 'unknown')
union all select k.conversation, k.key, 'the calls' from call k limit 1000

-- What was seen from outside.

-- name: acknowledged
select m.conversation, m.id, (select count(*) from turn t where t.id = m.id)
       + (select count(*) from inbox i where i.conversation = m.conversation and i.id = m.id)
from message m join conversation v on v.id = m.conversation
where m.provider_id = $1 and m.direction = 'in' and ($2 = '' or v.channel = $2) limit 1
-- name: taken
select m.conversation, m.origin, m.at, m.status, m.doubt, v.window_until, c.opted_out_at,
       coalesce(o.once, 0),
       case when m.content like '{"type":"template"%' then 0 else 1 end,
       (select i.at from message i where i.conversation = m.conversation and i.direction = 'in'
        and i.id < $2 order by i.id desc limit 1),
       (select min(a.at) from audit a where a.object = m.conversation and a.what = 'take'
        and a.id > m.id),
       (select count(*) from receipt r where r.channel = v.channel and r.provider_id = $3
        and r.status = 'failed')
from message m join conversation v on v.id = m.conversation join contact c on c.id = v.contact
left join outbox o on o.conversation = m.conversation and o.id = m.id
where m.id = $1 and m.direction = 'out'
