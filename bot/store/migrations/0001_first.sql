-- Times are UTC epoch milliseconds, ids time-ordered text, JSON text. One text for both databases;
-- /*clustered*/ marks tables that SQLite keeps in the order of their key, without a second tree.

-- What waits and what has happened are kept apart: inbox, outbox, timer and call hold only what is
-- still to be done (or was put aside); message, turn, receipt and notice are the record.

create table setting (
    name text primary key,
    value text not null
);

create table contact (
    id text primary key,
    name text,
    language text,
    language_from text,
    timezone text,
    phone text,
    fields text not null default '{}',
    tags text not null default '[]',
    opted_out_at bigint,
    alias_of text references contact (id),
    created_at bigint not null
);
create index contact_alias on contact (alias_of) where alias_of is not null;

create table address (
    kind text not null,
    value text not null,
    scope text not null,
    contact text not null references contact (id),
    primary key (kind, value, scope)
) /*clustered*/;
create index address_contact on address (contact);

create table conversation (
    id text primary key,
    contact text not null references contact (id),
    channel text not null,
    reach text not null,                        -- addresses, the surest first: [[kind, value, scope]]
    owner text not null default 'bot',          -- bot | queue | agent:<id>
    owner_epoch bigint not null default 0,
    rev bigint not null default 0,
    in_seq bigint not null default 0,
    state text not null default '{}',
    flow text,
    version text,
    step text,
    busy integer not null default 0,            -- a call runs: messages wait for its result
    waiting integer not null default 0,         -- events not yet handled
    ready_at bigint,                            -- when the inbox looks at it next (real time)
    window_until bigint not null default 0,
    last_inbound_at bigint not null default 0,
    remind_at bigint,                           -- the reminder before the window closes
    closing integer not null default 0,         -- that reminder has fired for this window
    timers integer not null default 0,          -- how many rows it has in timer
    created_at bigint not null,
    unique (contact, channel)
);
create index conversation_ready on conversation (ready_at) where ready_at is not null;
create index conversation_remind on conversation (remind_at) where remind_at is not null;
create index conversation_recent on conversation (last_inbound_at, id);

create table seen (
    channel text not null,
    external_id text not null,
    at bigint not null,
    primary key (channel, external_id)
) /*clustered*/;

create table inbox (
    conversation text not null references conversation (id),
    seq bigint not null,
    id text not null,
    kind text not null,
    payload text,                               -- null: the message of the same id holds it
    at bigint not null,                         -- business time
    state text not null,                        -- new | dead
    attempts integer not null default 0,
    error text,
    primary key (conversation, seq)
) /*clustered*/;

create table notice (
    id text primary key,
    channel text not null,
    kind text not null,
    text text not null,
    raw text not null,
    at bigint not null
);

create table message (
    id text primary key,
    conversation text not null references conversation (id),
    direction text not null,                    -- in | out
    origin text not null,                       -- customer | bot | agent:<id>
    content text not null,
    raw text,
    at bigint not null,
    status text not null,
    provider_id text,
    reason text,
    doubt integer not null default 0            -- how many attempts to send it ended without a known outcome
) /*clustered*/;
create index message_thread on message (conversation, id);
create index message_provider on message (provider_id) where provider_id is not null;

create table outbox (
    conversation text not null references conversation (id),
    id text not null references message (id),
    channel text not null,
    once integer not null,
    free integer not null,                      -- 1: only inside the window; 0: a template
    owner_epoch bigint not null,
    state text not null,                        -- queued | sending | unknown | parked | held
    attempts integer not null default 0,
    epoch integer not null default 0,
    not_before bigint not null default 0,       -- real time
    after text,                                 -- media that should be delivered before this leaves
    created_at bigint not null,                 -- business time
    primary key (conversation, id)
) /*clustered*/;
create index outbox_due on outbox (not_before) where state in ('queued', 'unknown');

create table receipt (
    channel text not null,
    provider_id text not null,
    status text not null,
    at bigint not null,
    id text not null,
    message text,                               -- null: no message of ours is known by it (yet)
    code integer,
    error text,
    primary key (channel, provider_id, status, at)
) /*clustered*/;
create index receipt_listed on receipt (id);

create table turn (
    id text primary key,                        -- the event's
    conversation text not null references conversation (id),
    kind text not null,
    at bigint not null,
    rule text not null,
    item text not null,
    score double precision,
    step_before text not null,
    step_after text not null,
    version text,
    outcome text not null
) /*clustered*/;

create table timer (
    conversation text not null references conversation (id),
    name text not null,
    fire_at bigint not null,
    token text not null,
    primary key (conversation, name)
) /*clustered*/;
create index timer_due on timer (fire_at);

create table call (
    key text primary key,
    conversation text not null references conversation (id),
    operation text not null,
    arguments text not null,
    retries integer,
    timeout_ms bigint,
    state text not null,                        -- queued | running
    created_at bigint not null
);

create table ticket (
    id text primary key,
    conversation text not null references conversation (id),
    queue text not null,
    priority integer not null,                  -- 3 urgent, 2 high, 1 normal, 0 low
    state text not null,                        -- waiting | taken | closed
    note text not null,
    reason text not null,
    return_to text,
    agent text,
    outcome text,
    created_at bigint not null,
    taken_at bigint,
    closed_at bigint
);
create unique index ticket_open on ticket (conversation) where state <> 'closed';

create table flow_version (
    flow text not null,
    version text not null,
    source text not null,
    created_at bigint not null,
    primary key (flow, version)
) /*clustered*/;

create table agent (
    id text primary key,
    login text not null unique,
    name text not null,
    password_hash text not null,
    disabled integer not null default 0
);

create table sign_in (
    token_hash text primary key,
    agent text not null references agent (id),
    csrf text not null,
    seen_at bigint not null,                    -- real time
    expires_at bigint not null
);

create table audit (
    id text primary key,
    at bigint not null,
    who text not null,
    what text not null,
    object text not null,
    detail text not null default ''
);
create index audit_object on audit (object, id);
