-- Named statements as in `queries.sql`: versions of flows, and what was published of them.

-- name: keep_version
insert into flow_version (flow, version, source, created_at) values ($1, $2, $3, $4)
on conflict do nothing
-- name: version
select source from flow_version where flow = $1 and version = $2

-- name: publications
select id, flow, version, at, who, in_flight, moved from publication order by id, flow
-- name: last_publication
select max(id) from publication
-- name: add_publication
insert into publication (id, flow, version, at, who, in_flight, moved)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
-- name: drop_publication
delete from publication where id = $1 and flow = $2
-- name: versions
select flow, version, created_at from flow_version
-- name: drop_version
delete from flow_version where flow = $1 and version = $2
-- name: standing
-- Whoever is in a flow, or left one to come back to it.
select id, state from conversation
where id > $1 and (flow is not null or state like '%"stacked"%') order by id limit $2
