import type { InjectOptions } from 'fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openDatabase, type Statement } from '#src/repository/sqlite/driver.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, type Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { openLinked } from './linked-store.ts'

const db = openDatabase(':memory:')
const statementPrototype = Object.getPrototypeOf(db.prepare('SELECT 1')) as Statement
const databasePrototype = Object.getPrototypeOf(db) as typeof db
db.close()

/** The statements of node:sqlite can be watched, those of its twin can't: the counts are of our own code, and the same on both. */
const canWatch = Object.getOwnPropertyDescriptor(statementPrototype, 'run')?.configurable === true
if (!canWatch) console.warn('not run: the counts of SQL statements (they need Node 24)')

afterEach(() => void vi.restoreAllMocks())

/** What a statement does, and to which table: `INSERT events`. The parts of a transaction name no table. */
const toName = (sql: string): string => {
  const [verb = ''] = sql.trim().split(/\s+/, 1)
  const tables = [...sql.matchAll(/\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)/g)].map(([, table]) => table)
  return [verb, ...new Set(tables)].join(' ')
}

/** Calls back with every statement that the main thread runs. */
const watchStatements = (onStatement: (name: string) => void): void => {
  for (const method of ['run', 'get', 'all', 'iterate'] as const) {
    const original = statementPrototype[method] as (...parameters: unknown[]) => unknown
    vi.spyOn(statementPrototype, method).mockImplementation(function (
      this: Statement,
      ...parameters: unknown[]
    ) {
      onStatement(toName(this.sourceSQL))
      return original.apply(this, parameters) as never
    })
  }
  const exec = databasePrototype.exec
  vi.spyOn(databasePrototype, 'exec').mockImplementation(function (this: typeof db, sql: string) {
    onStatement(toName(sql))
    return exec.call(this, sql)
  })
}

/** The service over a file with some tasks, and the statements that requests of it make it run. */
const start = async () => {
  const app = await startApp()
  const create = (payload: object) => app.inject({ method: 'POST', url: '/tasks', payload })
  const tasks: Task[] = []
  for (let index = 0; index < 60; index++)
    tasks.push((await create({ title: `Task ${index}`, labels: ['ops'] })).json())
  let statements: string[] = []
  watchStatements((name) => statements.push(name))
  const statementsOf = async (
    requests: readonly InjectOptions[],
    status = 200,
  ): Promise<string[]> => {
    statements = []
    const answers = await Promise.all(requests.map((request) => app.inject(request)))
    for (const { statusCode, body } of answers)
      expect([statusCode, body]).toEqual([status, expect.any(String)])
    await turnEnded()
    return statements
  }
  return { first: tasks[0] as Task, second: tasks[1] as Task, statementsOf }
}

/** The snapshot of a turn is ended with the turn. */
const turnEnded = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** `3 INSERT events`, in the order in which each kind came first. */
const counted = (statements: readonly string[]): string[] => {
  const counts = new Map<string, number>()
  for (const name of statements) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${count} ${name}`)
}

const get = (url: string): InjectOptions => ({ method: 'GET', url })
const post = (url: string, payload?: object, headers = {}): InjectOptions => ({
  method: 'POST',
  url,
  headers,
  ...(payload && { payload }),
})
const many = (count: number, request: InjectOptions): InjectOptions[] =>
  Array.from({ length: count }, () => request)

describe.runIf(canWatch)('SQL statements', () => {
  test('a read is one statement in a snapshot', async () => {
    const { first, statementsOf } = await start()
    const snapshot = ['BEGIN', 'SELECT tasks', 'COMMIT']
    expect(await statementsOf([get(`/tasks/${first.id}`)])).toEqual(snapshot)
    expect(await statementsOf([get('/tasks?limit=50')])).toEqual(snapshot)
    expect(await statementsOf([get('/tasks?limit=50&status=pending&priority=medium')])).toEqual(
      snapshot,
    )
  })

  test('the reads of a turn share a snapshot', async () => {
    const { first, statementsOf } = await start()
    const statements = await statementsOf(many(64, get(`/tasks/${first.id}`)))
    expect(counted(statements)).toEqual(['1 BEGIN', '64 SELECT tasks', '1 COMMIT'])
  })

  const inTransaction = (...statements: string[]): string[] => [
    '1 BEGIN',
    ...statements,
    '1 COMMIT',
  ]
  const PLACE = '1 INSERT task_titles title_fill'
  const NEW = ['1 INSERT tasks', PLACE, '1 INSERT task_words', '1 INSERT events']
  const CHANGED = ['1 SELECT tasks', '1 UPDATE tasks', '1 DELETE task_titles', PLACE]
  const EVENT = '1 INSERT events'

  test('a new task is a row of each table', async () => {
    const { statementsOf } = await start()
    const create = async (payload: object, headers = {}) =>
      counted(await statementsOf([post('/tasks', payload, headers)], 201))
    const draft = { title: 'Write the report' }
    expect(await create(draft)).toEqual(inTransaction(...NEW))
    const labelled = await create({ ...draft, labels: ['ops', 'web'] })
    expect(labelled).toEqual(
      inTransaction(
        '1 INSERT tasks',
        PLACE,
        '2 INSERT task_labels',
        '1 INSERT task_words',
        '1 INSERT events',
      ),
    )

    const retried = { 'idempotency-key': 'retry-1' }
    const [look, keep] = [
      '1 SELECT idempotency_keys',
      ['1 DELETE idempotency_keys', '1 INSERT idempotency_keys'],
    ]
    expect(await create(draft, retried)).toEqual(inTransaction(look, ...NEW, ...keep))
    expect(await create(draft, retried)).toEqual(inTransaction(look))
  })

  test('a new task that is to have an issue is one row more', async () => {
    const { createLinked } = await openLinked(() => openSqliteRepository(':memory:', TASK))
    const statements: string[] = []
    watchStatements((name) => statements.push(name))
    await createLinked()
    expect(counted(statements)).toEqual(
      inTransaction(...NEW.slice(0, -1), '1 INSERT companions', '1 INSERT events'),
    )
  })

  test('a change reads the task once and writes what has changed', async () => {
    const { first, second, statementsOf } = await start()
    const patch = async (payload: object) =>
      counted(await statementsOf([{ method: 'PATCH', url: `/tasks/${first.id}`, payload }]))
    expect(await patch({ status: 'in_progress' })).toEqual(inTransaction(...CHANGED, EVENT))
    const words = ['1 DELETE task_words', '1 INSERT task_words']
    expect(await patch({ title: 'Send the report' })).toEqual(
      inTransaction(...CHANGED, ...words, EVENT),
    )
    const unsorted = CHANGED.filter((statement) => !statement.includes('task_titles'))
    expect(await patch({ due_at: null, labels: ['ops'], external_reference_id: '1' })).toEqual(
      inTransaction(...unsorted, EVENT),
    )
    expect(await patch({ title: 'Send the report' })).toEqual(inTransaction('1 SELECT tasks'))
    const completed = await statementsOf([post(`/tasks/${first.id}/complete`)])
    expect(counted(completed)).toEqual(inTransaction(...CHANGED, EVENT))
    const deleted = await statementsOf([{ method: 'DELETE', url: `/tasks/${second.id}` }], 204)
    const gone = ['1 SELECT tasks', '1 DELETE task_titles', '1 DELETE task_words', '1 DELETE tasks']
    expect(counted(deleted)).toEqual(inTransaction(...gone, EVENT))
  })

  test('a change with a key looks for its record, counts those of its task and keeps one', async () => {
    const { first, statementsOf } = await start()
    const headers = { 'idempotency-key': 'k' }
    const request = {
      method: 'PATCH',
      url: `/tasks/${first.id}`,
      payload: { external_reference_id: '1' },
      headers,
    } as const
    const patch = async () => counted(await statementsOf([request]))
    const [look, keep] = [
      'SELECT idempotency_keys',
      ['1 DELETE idempotency_keys', '1 INSERT idempotency_keys'],
    ]
    expect(await patch()).toEqual(
      inTransaction('1 SELECT tasks', `2 ${look}`, '1 UPDATE tasks', EVENT, ...keep),
    )
    expect(await patch()).toEqual(inTransaction('1 SELECT tasks', `1 ${look}`))
  })

  test('the writes of a turn share a transaction', async () => {
    const { statementsOf } = await start()
    const statements = await statementsOf(
      many(64, post('/tasks', { title: 'Write the report' })),
      201,
    )
    expect(counted(statements)).toEqual(
      inTransaction(
        '64 INSERT tasks',
        '64 INSERT task_titles title_fill',
        '64 INSERT task_words',
        '64 INSERT events',
      ),
    )
  })

  test.each([
    { size: 100, transactions: 1 },
    { size: 1000, transactions: 4 },
  ])(
    'a batch of $size is $transactions transactions, after one read',
    async ({ size, transactions }) => {
      const { statementsOf } = await start()
      const operations = Array.from({ length: size }, () => ({
        op: 'create',
        task: { title: 'Write the report' },
      }))
      expect(counted(await statementsOf([post('/tasks/batch', { operations })]))).toEqual([
        `${1 + transactions} BEGIN`,
        '1 SELECT tasks',
        `${1 + transactions} COMMIT`,
        `${size} INSERT tasks`,
        `${size} INSERT task_titles title_fill`,
        `${size} INSERT task_words`,
        `${size} INSERT events`,
      ])
    },
  )
})
