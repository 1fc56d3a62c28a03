-- Named statements as in `queries.sql`: what people ask, at the desk and by the command line.

-- name: queue_page
select t.id, t.conversation, v.channel, t.queue, t.priority, t.state, t.note, t.reason,
       t.created_at, t.agent, g.name, c.name, c.phone, v.window_until, v.closing,
       (select min(m.at) from message m where m.conversation = v.id and m.direction = 'in'
         and m.id > coalesce((select max(n.id) from message n where n.conversation = v.id
             and n.direction = 'out' and n.origin like 'agent:%'), '')) as waiting_since,
       (select m.content from message m where m.conversation = v.id order by m.id desc limit 1)
from ticket t join conversation v on v.id = t.conversation
join contact c on c.id = v.contact left join agent g on g.id = t.agent
where t.state <> 'closed'
order by case when v.closing = 1 and t.state = 'waiting' then 0 else 1 end,
         case when t.state = 'waiting' then 0 else 1 end, t.priority desc, t.created_at, t.id
limit $1 offset $2
-- name: ticket_of
select t.id, t.conversation, v.channel, t.queue, t.priority, t.state, t.note, t.reason,
       t.created_at, t.agent, g.name, c.name, c.phone, v.window_until, v.closing,
       (select min(m.at) from message m where m.conversation = v.id and m.direction = 'in'
         and m.id > coalesce((select max(n.id) from message n where n.conversation = v.id
             and n.direction = 'out' and n.origin like 'agent:%'), '')) as waiting_since,
       (select m.content from message m where m.conversation = v.id order by m.id desc limit 1)
from ticket t join conversation v on v.id = t.conversation
join contact c on c.id = v.contact left join agent g on g.id = t.agent
where t.state <> 'closed' and t.conversation = $1
-- name: conversations
select v.id, v.channel, c.name, c.phone, v.owner, v.flow, v.step, v.window_until,
       v.last_inbound_at,
       (select m.content from message m where m.conversation = v.id order by m.id desc limit 1)
from conversation v join contact c on c.id = v.contact
where (v.last_inbound_at, v.id) < ($1, $2)
order by v.last_inbound_at desc, v.id desc limit $3
-- name: thread
select m.id, m.direction, m.origin, g.name, m.content, m.at, m.status, m.reason, o.state
from message m left join outbox o on o.conversation = m.conversation and o.id = m.id
left join agent g on m.origin = 'agent:' || g.id
where m.conversation = $1 and m.id < $2 order by m.id desc limit $3
-- name: message
select m.id, m.direction, m.origin, g.name, m.content, m.at, m.status, m.reason, o.state,
       m.conversation
from message m left join outbox o on o.conversation = m.conversation and o.id = m.id
left join agent g on m.origin = 'agent:' || g.id
where m.id = $1
-- name: place_of
select flow, step from conversation where id = $1
-- name: touched
-- By a message, or by what an agent did.
select id, conversation from message where id > $1
union all select id, object from audit where id > $1
order by id limit $2
-- name: conversation_of_message
select v.id, v.channel from message m join conversation v on v.id = m.conversation where m.id = $1

-- name: add_agent
insert into agent (id, login, name, password_hash) values ($1, $2, $3, $4) on conflict do nothing
-- name: agents
select id, login, name, password_hash, disabled from agent order by login
-- name: agent
select id, login, name, password_hash, disabled from agent where login = $1
-- name: set_password
update agent set password_hash = $2 where login = $1
-- name: disable_agent
update agent set disabled = $2 where login = $1
-- name: sign_out_agent
delete from sign_in where agent in (select id from agent where login = $1)
-- name: sign_in
insert into sign_in (token_hash, agent, csrf, seen_at, expires_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
-- name: signed_in
select g.id, g.login, g.name, g.password_hash, g.disabled, s.csrf, s.seen_at, s.expires_at
from sign_in s join agent g on g.id = s.agent where s.token_hash = $1
-- name: touch_sign_in
update sign_in set seen_at = $2 where token_hash = $1
-- name: sign_out
delete from sign_in where token_hash = $1
-- name: drop_sign_ins
delete from sign_in where expires_at <= $1
-- name: message_rows
select m.id, m.at, v.channel, m.conversation, m.content, m.raw, t.rule, t.item, i.state,
       i.attempts, i.error
from message m join conversation v on v.id = m.conversation
left join turn t on t.id = m.id left join inbox i on i.conversation = m.conversation and i.id = m.id
where m.id < $1 and m.direction = 'in' order by m.id desc limit $2
-- name: turn_rows
select t.id, t.at, v.channel, t.conversation, t.kind, t.rule, t.item
from turn t join conversation v on v.id = t.conversation
where t.id < $1 and t.kind <> 'message' order by t.id desc limit $2
-- name: waiting_rows
select i.id, i.at, v.channel, i.conversation, i.kind, i.payload, i.state, i.attempts, i.error
from inbox i join conversation v on v.id = i.conversation
where i.id < $1 and i.kind <> 'message' order by i.id desc limit $2
-- name: notice_rows
select id, at, channel, kind, text, raw from notice where id < $1 order by id desc limit $2
-- name: receipt_rows
select r.id, r.at, r.channel, m.conversation, r.status, r.provider_id, r.message, r.code, r.error
from receipt r left join message m on m.id = r.message
where r.id < $1 order by r.id desc limit $2
-- name: incidents
select at, detail from audit where object = $1 and what = 'incident' order by id desc limit 5
