/** So many deliveries are forgotten with one that is closed, so that a great many hold up nothing. */
const FORGOTTEN = 1000

/** What the sync asks of the file. None of it reads a whole table or sorts; the scans read through an index, off the event loop. */
export const SYNC_SQL = {
  link: 'SELECT json FROM github_links WHERE task_id = ?',
  linkOfIssue: 'SELECT json FROM github_links WHERE issue_id = ? ORDER BY task_id LIMIT 1',
  due: 'SELECT json FROM github_links WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?',
  toldAfter: `
    SELECT id, CASE json_extract(json, '$.sync.status') WHEN 'pending' THEN json_extract(json, '$.sync.next_attempt_at') END AS dueAt
    FROM tasks WHERE id > ? ORDER BY id LIMIT ?`,
  ofStatus:
    'SELECT json FROM github_links WHERE status = ? AND task_id > ? ORDER BY task_id LIMIT ?',
  addDelivery:
    'INSERT OR IGNORE INTO github_deliveries (id, received_at, is_open, json) VALUES (?, ?, 1, ?)',
  openDeliveries:
    'SELECT json FROM github_deliveries WHERE is_open = 1 ORDER BY received_at LIMIT ?',
  closeDelivery: 'UPDATE github_deliveries SET is_open = 0 WHERE id = ?',
  forgetDeliveries: `
    DELETE FROM github_deliveries WHERE id IN (
      SELECT id FROM github_deliveries WHERE is_open = 0 AND received_at < ? ORDER BY received_at LIMIT ${FORGOTTEN})`,
  readState: 'SELECT json FROM sync_state WHERE name = ?',
  writeState: 'INSERT OR REPLACE INTO sync_state (name, json) VALUES (?, ?)',
} as const

const HAS_NO_LINK = 'NOT EXISTS (SELECT 1 FROM github_links WHERE task_id = tasks.id)'

/**
 * Each has the number of rows as its last parameter, as the legs of a list do, and before that the id up to which links are written
 * down: past it a task alone may tell of its link (told-links.ts).
 */
export const SYNC_SCANS = {
  counts: `
    SELECT json_object('status', status, 'count', count(*)) AS json FROM github_links GROUP BY status
    UNION ALL
    SELECT json_object('status', 'pending', 'count', count(*)) FROM tasks
    WHERE id > ?1 AND json_extract(json, '$.sync.status') = 'pending' AND ${HAS_NO_LINK} LIMIT ?2`,
  unlinked: `
    SELECT json_quote(id) AS json FROM tasks
    WHERE id > ?1 AND ${HAS_NO_LINK} AND (id <= ?2 OR json_type(json, '$.sync') = 'null') ORDER BY id LIMIT ?3`,
} as const
