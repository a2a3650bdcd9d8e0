/**
 * The schema, as the ordered steps that lead to it. Append only: a file remembers in `user_version`
 * how many it has taken. A task's JSON text is the record; the columns beside it are what lists are
 * sorted and found by. status: 0 pending, 1 in_progress, 2 completed. priority: 0 low, 1 medium, 2
 * high. Instants: milliseconds since the epoch. Ids ascend with the keys, so an index that ends
 * with the row's key ends with the id's order: ties cost nothing. A sort's index is led by status
 * and priority: it serves any choice of them, and the whole list as a merge of nine ordered ranges.
 * Events are never deleted, so their keys are a sequence without gaps.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tasks (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    status INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    due_at INTEGER,
    external_reference_id TEXT,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX tasks_by_created_at ON tasks (created_at);
  CREATE INDEX tasks_by_state_and_created_at ON tasks (status, priority, created_at);
  CREATE INDEX tasks_by_state_and_updated_at ON tasks (status, priority, updated_at);
  CREATE INDEX tasks_by_state_and_due_at ON tasks (status, priority, due_at);
  CREATE INDEX tasks_by_state_and_title ON tasks (status, priority, title);
  CREATE INDEX tasks_by_state ON tasks (status, priority);
  CREATE INDEX tasks_by_external_reference_id ON tasks (external_reference_id) WHERE external_reference_id IS NOT NULL;

  CREATE TABLE task_labels (
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    key INTEGER NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    PRIMARY KEY (label, created_at, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX task_labels_by_key ON task_labels (key);

  CREATE VIRTUAL TABLE task_words USING fts5 (words, tokenize = 'ascii', content = '', contentless_delete = 1, detail = 'none');

  -- One row: whether every task was created at or after those with smaller keys (a clock set back ends that).
  CREATE TABLE task_order (is_key_order INTEGER NOT NULL) STRICT;
  INSERT INTO task_order VALUES (1);

  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_task_id ON events (task_id, version);

  CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    task_id TEXT,
    json TEXT,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX idempotency_keys_by_expires_at ON idempotency_keys (expires_at);
  `,
  `
  -- The GitHub sync. Some files of version 1 have these tables already: they were made while it was being built.
  -- A link outlives its task until the issue is closed. Its JSON text is the record.
  CREATE TABLE IF NOT EXISTS github_links (
    task_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    next_attempt_at INTEGER,
    issue_id TEXT,
    json TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS github_links_by_status ON github_links (status, task_id);
  CREATE INDEX IF NOT EXISTS github_links_by_next_attempt_at ON github_links (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
  DROP INDEX IF EXISTS github_links_by_issue_id;
  CREATE INDEX github_links_by_issue_id ON github_links (issue_id) WHERE issue_id IS NOT NULL;

  CREATE TABLE IF NOT EXISTS github_deliveries (
    id TEXT PRIMARY KEY,
    received_at INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS github_deliveries_by_received_at ON github_deliveries (is_open, received_at);

  CREATE TABLE IF NOT EXISTS sync_state (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- A task tells of its issue, or that it has none.
  UPDATE tasks SET json = json_insert(json, '$.sync', NULL) WHERE json_type(json, '$.sync') IS NULL;
  `,
  `
  -- From here on a new task may tell of its link alone (told-links.ts), which earlier programs don't know. Until here none does.
  INSERT INTO sync_state SELECT 'links_written_up_to', json_quote(max(id)) FROM tasks HAVING max(id) IS NOT NULL;

  -- They are in memory.
  DROP TABLE leases;
  `,
  `
  -- The order of titles (src/core/title-key.ts). title_fill: up to which place in the earlier order, which is
  -- tasks_by_state_and_title, tasks have their row here; without a place all have. title-fill.ts adds the others.
  CREATE TABLE task_titles (
    status INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    title_key TEXT NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (status, priority, title_key, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE title_fill (
    status INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    title TEXT NOT NULL,
    key INTEGER NOT NULL
  ) STRICT;
  INSERT INTO title_fill SELECT -1, -1, '', 0 WHERE EXISTS (SELECT 1 FROM tasks);
  `,
  `
  -- A change keeps the version that it led to, not its answer. Its index counts the keys of a task; the
  -- records of earlier programs, and those of creations and batches, are not in it.
  ALTER TABLE idempotency_keys ADD COLUMN version INTEGER;
  CREATE INDEX idempotency_keys_by_task_id ON idempotency_keys (task_id, expires_at, version)
    WHERE version IS NOT NULL;
  `,
  `
  -- Companions and messages of any owner; events and keys of any entity.
  ALTER TABLE github_links RENAME TO companions;
  ALTER TABLE companions RENAME COLUMN status TO state;
  ALTER TABLE companions RENAME COLUMN next_attempt_at TO due_at;
  ALTER TABLE companions RENAME COLUMN issue_id TO reference;
  ALTER TABLE github_deliveries RENAME TO inbox;
  ALTER TABLE sync_state RENAME TO key_values;
  ALTER TABLE events RENAME COLUMN task_id TO resource_id;
  ALTER TABLE idempotency_keys RENAME COLUMN task_id TO entity_id;
  UPDATE companions SET state = CASE state
    WHEN 'posting' THEN 'creating' WHEN 'uncertain' THEN 'unconfirmed' WHEN 'dirty' THEN 'outdated'
    WHEN 'patching' THEN 'updating' WHEN 'remote_gone' THEN 'issue_missing' ELSE 'failed' END
  WHERE state IN ('posting', 'uncertain', 'dirty', 'patching', 'remote_gone', 'dead');
  `,
  `
  -- Records of any kind (src/core/record.ts): JSON, found by id and unique key, listed by id and parent.
  CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    parent_id TEXT,
    unique_key TEXT,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX records_by_kind ON records (kind, id);
  CREATE INDEX records_by_parent ON records (kind, parent_id, id) WHERE parent_id IS NOT NULL;
  CREATE UNIQUE INDEX records_by_unique_key ON records (kind, unique_key)
    WHERE unique_key IS NOT NULL;
  ALTER TABLE events ADD COLUMN resource TEXT NOT NULL DEFAULT 'task';
  `,
]
