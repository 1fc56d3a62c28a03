-- In whose turn a process ended is asked at each look; it is hardly ever anybody.
create index inbox_suspect on inbox (conversation)
where state = 'new' and attempts > 0 and error is null;
