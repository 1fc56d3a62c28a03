-- What is kept has an end, and what was put aside is found without reading everything.
create index seen_at on seen (at);
create index inbox_dead on inbox (id) where state = 'dead';
create index notice_malformed on notice (id) where substr(kind, 1, 10) = 'malformed.';
