import { describe, expect, test } from 'vitest'
import type { Interval } from '#src/core/task-query.ts'
import { createCommits } from '#src/repository/sqlite/commits.ts'
import { COMPANION_SCANS, COMPANION_SQL } from '#src/repository/sqlite/companions.ts'
import { createCreationOrder } from '#src/repository/sqlite/creation-order.ts'
import type { SQLInputValue } from '#src/repository/sqlite/driver.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { INBOX_SQL } from '#src/repository/sqlite/inbox.ts'
import { KEY_COUNT } from '#src/repository/sqlite/key-records.ts'
import { KEY_VALUE_SQL } from '#src/repository/sqlite/key-value.ts'
import type { KeyPosition } from '#src/repository/sqlite/list-conditions.ts'
import { planList } from '#src/repository/sqlite/list-plan.ts'
import { RECORD_SQL } from '#src/repository/sqlite/record-rows.ts'
import { keysSql, wholeSql } from '#src/repository/sqlite/slice-sql.ts'
import { createTaskRows } from '#src/repository/sqlite/task-rows.ts'
import { createTask, TASK, type Task } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import { ALL_SORTS, mixedDraft, type Sort, sortName, type TaskFilter } from './task-model.ts'
import { OLDEST_FIRST } from './task-store.ts'

const TASKS = 3000

/** The result code with which an authorizer allows what it is asked for. */
const SQLITE_OK = 0

/** Some thousand tasks, so that the planner has something to choose from. */
const seed = () => {
  const { db } = openFile(':memory:')
  const commits = createCommits(db)
  const rows = createTaskRows(db, TASK, createCreationOrder(db))
  const newId = createUuids(undefined)
  db.exec('BEGIN')
  const tasks = Array.from({ length: TASKS }, (_, index): Task => {
    const draft = {
      ...mixedDraft(index),
      title: `task ${index}`,
      external_reference_id: String(index),
    }
    const task = createTask(draft, newId(), instantAt(index % 1000))
    commits.create(rows, task, createdEvent(task, BY), undefined, undefined)
    return task
  })
  db.exec('COMMIT')
  return { db, tasks }
}

const { db, tasks } = seed()

const explain = (sql: string, parameters: readonly SQLInputValue[]): string[] =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...parameters)
    .map(({ detail }) => String(detail))

type Query = readonly [sql: string, parameters: readonly SQLInputValue[]]

/** Each leg alone, within the statement that selects keys, and within the one that joins texts. */
const queriesOf = (
  filter: TaskFilter,
  sort: Sort,
  after: KeyPosition | undefined,
  isKeyOrder: boolean,
): Query[] =>
  planList(TASK, { filter, sort }, after, isKeyOrder).legs.flatMap((leg): Query[] => [
    [leg.sql, [...leg.parameters, 50]],
    [keysSql('tasks', leg), [...leg.parameters, 50]],
    [wholeSql('tasks', leg), [...leg.parameters, 50, 4096]],
  ])

/** How the statements of a list are carried out. */
const plansOf = (
  filter: TaskFilter,
  sort: Sort,
  after?: KeyPosition,
  isKeyOrder = false,
): string[] => queriesOf(filter, sort, after, isKeyOrder).flatMap((query) => explain(...query))

const WHOLE_TABLE = /^SCAN tasks(?! USING (COVERING )?INDEX)/
const WHOLE_INDEX = /^SCAN tasks USING/
const SORTED = /USE TEMP B-TREE/

const inOrder = (interval: Interval, { key }: Sort): TaskFilter | undefined => {
  const names = {
    created_at: 'created_at',
    updated_at: 'updated_at',
    due_at: 'due_at',
    priority: undefined,
    title: undefined,
  } as const
  const name = names[key]
  return name && { [name]: interval }
}

const filtersOf = (sort: Sort): Readonly<Record<string, TaskFilter | undefined>> => ({
  'no filter': {},
  'one status': { status: ['pending'] },
  'several statuses': { status: ['pending', 'completed'] },
  'one priority': { priority: ['high'] },
  'a status and a priority': { status: ['in_progress'], priority: ['low'] },
  'several of both': { status: ['pending', 'in_progress'], priority: ['low', 'high'] },
  'every status and priority': {
    status: ['pending', 'in_progress', 'completed'],
    priority: ['low', 'medium', 'high'],
  },
  'an interval of the sort': inOrder({ from: instantAt(3), before: instantAt(12) }, sort),
  'an open interval of the sort': inOrder({ from: instantAt(3) }, sort),
  'an interval of the sort and a status': {
    status: ['pending'],
    ...inOrder({ before: instantAt(12) }, sort),
  },
  'one label': sort.key === 'created_at' ? { labels: ['ops'] } : undefined,
  'one label in an interval':
    sort.key === 'created_at' ? { labels: ['ops'], created_at: { from: instantAt(3) } } : undefined,
})

const positionsOf = ({ key }: Sort): Readonly<Record<string, KeyPosition | undefined>> => {
  const task = tasks.findLast((one) => one[key] !== null) as Task
  return {
    'at the beginning': undefined,
    'after a task': { value: task[key], key: TASKS / 2 },
    ...(key === 'due_at' && { 'after a task without a due date': { value: null, key: TASKS / 2 } }),
  }
}

describe('a page that an index holds costs the same however many tasks there are', () => {
  for (const sort of ALL_SORTS) {
    for (const [filterName, filter] of Object.entries(filtersOf(sort))) {
      if (filter === undefined) continue
      for (const [place, after] of Object.entries(positionsOf(sort))) {
        test(`by ${sortName(sort)} with ${filterName}, ${place}`, () => {
          expect(planList(TASK, { filter, sort }, after, false).isFlat).toBe(true)
          const plans = plansOf(filter, sort, after)
          expect(plans.length).toBeGreaterThan(0)
          const isWhole =
            filterName === 'no filter' && sort.key === 'created_at' && after === undefined
          const unwanted = plans.filter(
            (line) =>
              WHOLE_TABLE.test(line) || SORTED.test(line) || (WHOLE_INDEX.test(line) && !isWhole),
          )
          expect(unwanted).toEqual([])
        })
      }
    }
  }
})

test('the whole list in the default order is read from the table itself while the keys have that order', () => {
  for (const descending of [false, true]) {
    const sort: Sort = { key: 'created_at', descending }
    expect(planList(TASK, { filter: {}, sort }, undefined, true).isFlat).toBe(true)
    expect(planList(TASK, { filter: {}, sort }, undefined, true).legs).toHaveLength(1)
    expect(plansOf({}, sort, undefined, true)).toContain('SCAN tasks')
    const after = plansOf({}, sort, { value: instantAt(5), key: TASKS / 2 }, true)
    expect(after).toContainEqual(expect.stringMatching(/^SEARCH tasks USING INTEGER PRIMARY KEY/))
    expect(after.filter((line) => WHOLE_TABLE.test(line) || SORTED.test(line))).toEqual([])
    expect(plansOf({}, sort, undefined, true).filter((line) => SORTED.test(line))).toEqual([])
  }
})

describe('what is found first and sorted then is found by its index', () => {
  const found: readonly (readonly [name: string, filter: TaskFilter, way: RegExp])[] = [
    ['a word', { words: ['task'] }, /^SCAN task_words VIRTUAL TABLE INDEX .*M/],
    [
      'several words and a status',
      { words: ['task', '7'], status: ['pending'] },
      /^SCAN task_words VIRTUAL TABLE INDEX .*M/,
    ],
    [
      'words and a label',
      { words: ['task'], labels: ['ops'] },
      /^SCAN task_words VIRTUAL TABLE INDEX .*M/,
    ],
    [
      'an external reference',
      { external_reference_id: ['77'] },
      /^SEARCH tasks USING INDEX tasks_by_external_reference_id/,
    ],
    [
      'a reference and a label',
      { external_reference_id: ['77'], labels: ['ops'] },
      /^SEARCH tasks USING INDEX tasks_by_external/,
    ],
    [
      'several labels',
      { labels: ['ops', '🚀'] },
      /^SEARCH task_labels USING (PRIMARY KEY|COVERING INDEX)/,
    ],
    [
      'a label and a status',
      { labels: ['ops'], status: ['pending'] },
      /^SEARCH task_labels USING (PRIMARY KEY|COVERING INDEX)/,
    ],
  ]

  for (const [name, filter, way] of found) {
    test(`by ${name}, in every sort`, () => {
      for (const sort of ALL_SORTS) {
        for (const after of Object.values(positionsOf(sort))) {
          for (const isKeyOrder of [false, true]) {
            const plans = plansOf(filter, sort, after, isKeyOrder)
            expect(plans.some((line) => way.test(line))).toBe(true)
            expect(plans.filter((line) => /^SCAN (tasks|task_labels)\b/.test(line))).toEqual([])
          }
        }
      }
    })
  }

  test('words in the default order are not sorted while the keys have that order', () => {
    for (const descending of [false, true]) {
      for (const after of [undefined, { value: instantAt(5), key: TASKS / 2 }]) {
        const plans = plansOf({ words: ['task'] }, { key: 'created_at', descending }, after, true)
        expect(plans.filter((line) => SORTED.test(line))).toEqual([])
      }
    }
  })

  test('each further label of a task is looked up by its index', () => {
    const [, ...others] = plansOf({ labels: ['ops', '🚀', 'home'] }, OLDEST_FIRST).filter((line) =>
      line.includes('task_labels'),
    )
    expect(others.length).toBeGreaterThan(0)
    for (const line of others) expect(line).toMatch(/^SEARCH task_labels USING/)
  })
})

test('a statement of a list is planned once, not each time that it runs', () => {
  const queries = ALL_SORTS.flatMap((sort) =>
    [...Object.values(filtersOf(sort)), { words: ['task'] }, { labels: ['ops', 'home'] }].flatMap(
      (filter = {}) =>
        Object.values(positionsOf(sort)).flatMap((after) => queriesOf(filter, sort, after, true)),
    ),
  )
  /** SQLite asks the authorizer when it plans a statement, not when it runs it. */
  let asked = 0
  db.setAuthorizer(() => {
    asked += 1
    return SQLITE_OK
  })
  try {
    for (const [sql, parameters] of queries) {
      const statement = db.prepare(sql)
      statement.get(...parameters)
      asked = 0
      statement.get(...parameters)
      expect([sql, asked]).toEqual([sql, 0])
    }
  } finally {
    db.setAuthorizer(null)
  }
})

describe('a point read is a search by an index', () => {
  test.for([
    ['of a task by its id', 'SELECT id, version, json FROM tasks WHERE id = ?', ['x']],
    ['of the newest id', 'SELECT id FROM tasks ORDER BY key DESC LIMIT 1', []],
    [
      'of a history',
      'SELECT json FROM events WHERE resource_id = ? AND version > ? ORDER BY version LIMIT 9',
      ['x', 5],
    ],
    ['of a place by id', 'SELECT key FROM tasks WHERE id <= ? ORDER BY id DESC LIMIT 1', ['x']],
    [
      'of a key record',
      'SELECT json FROM idempotency_keys WHERE key = ? AND expires_at > ?',
      ['x', 5],
    ],
  ] as const)('%s', ([name, sql, parameters]) => {
    const plans = explain(sql, parameters)
    const way = name === 'of the newest id' ? /^SCAN tasks$/ : /^SEARCH \w+ USING (COVERING )?INDEX/
    expect(plans).toEqual([expect.stringMatching(way)])
  })
})

test('the keys of a task are counted in their index alone', () => {
  const way = 'SEARCH idempotency_keys USING COVERING INDEX idempotency_keys_by_task_id'
  expect(explain(KEY_COUNT, ['x', 5])).toEqual([expect.stringContaining(way)])
})

test.for(Object.entries(RECORD_SQL))(
  'what is asked of records is a search by an index, in its order: %s',
  ([name, sql]) => {
    const plans = explain(sql, Array(sql.split('?').length - 1).fill(1))
    const way =
      name === 'maxId'
        ? /^SEARCH records USING COVERING INDEX sqlite_autoindex_records_1$/
        : /^SEARCH records USING (COVERING )?INDEX/
    expect(plans).toEqual([expect.stringMatching(way)])
  },
)

describe('what the GitHub sync asks of the file', () => {
  const parametersOf = (sql: string): SQLInputValue[] => Array(sql.split('?').length - 1).fill(1)

  const SQL = { ...COMPANION_SQL, ...INBOX_SQL, ...KEY_VALUE_SQL }

  test.for(Object.entries(SQL))('is a search by an index, in its order: %s', ([, sql]) => {
    const plans = explain(sql, parametersOf(sql))
    if (!/^INSERT/.test(sql))
      expect(plans).toContainEqual(expect.stringMatching(/^SEARCH \w+ USING/))
    expect(plans.filter((line) => /^SCAN/.test(line) || SORTED.test(line))).toEqual([])
  })

  test.for([
    ['counts', /^SCAN companions USING COVERING INDEX github_links_by_status$/],
    ['missing', /^SEARCH tasks USING COVERING INDEX sqlite_autoindex_tasks_1 \(id>\?\)$/],
  ] as const)('or goes through one on the scan thread, sorting nothing: %s', ([name, way]) => {
    const sql = COMPANION_SCANS[name]
    const plans = explain(
      `SELECT group_concat(json, ','), count(*) FROM (${sql})`,
      parametersOf(sql),
    )
    expect(plans).toContainEqual(expect.stringMatching(way))
    const known = /^SCAN (\(|companions USING COVERING INDEX)/
    expect(
      plans.filter((line) => SORTED.test(line) || (/^SCAN/.test(line) && !known.test(line))),
    ).toEqual([])
  })
})
