-- What was published of each flow, when and by whom; the last of a flow is what is served.

create table publication (
    id text not null,                           -- of the publish: the same for all that it took
    flow text not null,                         -- '': answers, commands, texts, templates
    version text,                               -- null: the flow was taken away
    at bigint not null,
    who text not null,
    in_flight text not null,                    -- of those in the version before: move | restart | finish
    moved text not null default '{}',           -- old step -> the one in its place
    primary key (id, flow)
) /*clustered*/;
