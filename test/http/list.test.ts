import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { create, createAll, expectInvalid, list, send } from './requests.ts'

const START = Date.parse('2026-03-01T09:00:00.000Z')
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString()

const TITLES = ['b', 'a', 'B', 'é', 'z', '\uff5e', '😀', 'a b', '10', '9']
const STATUSES = ['pending', 'in_progress', 'completed'] as const
const PRIORITIES = ['low', 'medium', 'high'] as const

/** 40 tasks of all kinds, a second apart, every third changed later on; many share a sort value. */
const startFull = async (): Promise<{ app: App; tasks: Task[] }> => {
  let now = START
  const app = await startApp({
    now: () => {
      now += 1000
      return now
    },
  })
  const drafts = Array.from({ length: 40 }, (_, index) => ({
    title: TITLES[index % 10],
    status: STATUSES[index % 3],
    priority: PRIORITIES[(index >> 1) % 3],
    labels: ['even', 'odd']
      .filter((_, place) => index % 2 === place)
      .concat(index % 5 === 0 ? ['five', 'a,b'] : []),
    due_at: index % 4 === 0 ? null : at((index % 7) * 60),
    external_reference_id: index % 8 === 0 ? String(index) : null,
  }))
  const created = await createAll(app, drafts)
  for (const { id } of created.filter((_, index) => index % 3 === 0))
    await send(app, 'PATCH', `/tasks/${id}`, { description: 'changed' })
  return { app, tasks: await list(app) }
}

/** The titles of these tasks as they are sorted, by hand. */
const TITLES_IN_ORDER = ['10', '9', 'a', 'a b', 'B', 'b', 'é', 'z', '\uff5e', '😀']
const compareTitles = (a: Task, b: Task): number =>
  TITLES_IN_ORDER.indexOf(a.title) - TITLES_IN_ORDER.indexOf(b.title)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const ORDERS: Record<string, (a: Task, b: Task) => number> = {
  created_at: (a, b) => compare(a.created_at, b.created_at),
  updated_at: (a, b) => compare(a.updated_at, b.updated_at),
  due_at: (a, b) => compare(a.due_at ?? '', b.due_at ?? ''),
  priority: (a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority),
  title: compareTitles,
}
const SORTS = Object.keys(ORDERS).flatMap((name) => [name, `-${name}`])

const sorted = (tasks: readonly Task[], sort: string): Task[] => {
  const name = sort.replace('-', '')
  const direction = sort.startsWith('-') ? -1 : 1
  const isLast = (task: Task): number => (name === 'due_at' && task.due_at === null ? 1 : 0)
  const order = ORDERS[name]
  return tasks.toSorted(
    (a, b) => isLast(a) - isLast(b) || direction * (order?.(a, b) || compare(a.id, b.id)),
  )
}

/** Follows the Link headers to the end. */
const walk = async (app: App, first: string): Promise<Task[][]> => {
  const pages: Task[][] = []
  for (let url: string | undefined = first; url !== undefined; ) {
    const answer = await send(app, 'GET', url)
    expect(answer.statusCode, answer.body).toBe(200)
    pages.push(answer.json<Task[]>())
    const link: string | undefined = answer.headers.link?.toString()
    const target = link === undefined ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1]
    expect(target === undefined).toBe(link === undefined)
    const next: URL | undefined =
      target === undefined ? undefined : new URL(target, `http://localhost${url}`)
    expect(next?.pathname ?? '/tasks').toBe('/tasks')
    url = next && next.pathname + next.search
  }
  return pages
}

const has = (task: Task, ...labels: string[]): boolean =>
  labels.every((label) => task.labels.includes(label))

const FILTERS: [string, (task: Task) => boolean][] = [
  ['status=pending', (task) => task.status === 'pending'],
  ['status=pending&status=completed', (task) => task.status !== 'in_progress'],
  ['status=pending,completed', (task) => task.status !== 'in_progress'],
  ['status=pending,completed&status=in_progress,pending', () => true],
  ['priority=high', (task) => task.priority === 'high'],
  ['priority=low,high', (task) => task.priority !== 'medium'],
  ['priority=low&priority=high&priority=low', (task) => task.priority !== 'medium'],
  ['label=even', (task) => has(task, 'even')],
  ['label=even&label=five', (task) => has(task, 'even', 'five')],
  ['label=five&label=five', (task) => has(task, 'five')],
  ['label=a,b', (task) => has(task, 'a,b')],
  ['label=Even', () => false],
  ['label=even&label=odd', () => false],
  [`due_after=${at(120)}`, (task) => task.due_at !== null && task.due_at >= at(120)],
  [`due_before=${at(120)}`, (task) => task.due_at !== null && task.due_at < at(120)],
  [
    `due_after=${at(120)}&due_before=${at(240)}`,
    (task) => task.due_at === at(120) || task.due_at === at(180),
  ],
  [
    'due_before=2026-03-01T10:02:00%2B01:00',
    (task) => task.due_at !== null && task.due_at < at(120),
  ],
  [`created_after=${at(10)}`, (task) => task.created_at >= at(10)],
  [`created_before=${at(10)}`, (task) => task.created_at < at(10)],
  [`created_after=${at(10)}&created_before=${at(11)}`, (task) => task.created_at === at(10)],
  [`created_after=${at(11)}&created_before=${at(11)}`, () => false],
  [`updated_after=${at(45)}`, (task) => task.updated_at >= at(45)],
  [`updated_before=${at(45)}`, (task) => task.updated_at < at(45)],
  ['external_reference_id=8', (task) => task.external_reference_id === '8'],
  ['external_reference_id=99', () => false],
  ['q=changed', (task) => task.description === 'changed'],
  [
    'status=pending&priority=high&label=even',
    (t) => t.status === 'pending' && t.priority === 'high' && has(t, 'even'),
  ],
  [
    `q=a&status=pending,in_progress&due_after=${at(0)}`,
    (t) => /^a/.test(t.title) && t.status !== 'completed' && !!t.due_at,
  ],
]

test('each filter gives the tasks that fit, whole and in pages', async () => {
  const { app, tasks } = await startFull()
  for (const [query, fits] of FILTERS) {
    const expected = tasks.filter(fits)
    expect(await list(app, `?${query}`), query).toEqual(expected)
    expect((await walk(app, `/tasks?${query}&limit=3`)).flat(), query).toEqual(expected)
    expect(await list(app, `?${query}&sort=-title`), query).toEqual(sorted(expected, '-title'))
  }
})

test.each(SORTS)(
  'sort=%s is a total order, the same whole and in pages of any size',
  async (sort) => {
    const { app, tasks } = await startFull()
    const expected = sorted(tasks, sort)
    expect(await list(app, `?sort=${sort}`)).toEqual(expected)
    for (const limit of [1, 7, 40]) {
      const pages = await walk(app, `/tasks?limit=${limit}&sort=${sort}`)
      expect(pages.flat()).toEqual(expected)
      expect(pages.map((page) => page.length)).toEqual(
        [...Array(Math.ceil(40 / limit)).keys()].map((i) => Math.min(limit, 40 - i * limit)),
      )
    }
  },
)

test('the list is sorted by created_at, oldest first, unless told otherwise', async () => {
  const { app, tasks } = await startFull()
  expect(tasks).toEqual(sorted(tasks, 'created_at'))
  expect(await list(app, '?sort=created_at')).toEqual(tasks)
})

test('a cursor without a limit gives the rest of the list', async () => {
  const { app, tasks } = await startFull()
  const link = String((await send(app, 'GET', '/tasks?limit=15')).headers.link)
  const cursor = new URL(/<(.+)>/.exec(link)?.[1] ?? '', 'http://localhost').searchParams.get(
    'cursor',
  )
  expect(await list(app, `?cursor=${cursor}`)).toEqual(tasks.slice(15))
})

describe('a list by title', () => {
  const titlesOf = async (app: App, query: string): Promise<string[]> =>
    (await list(app, query)).map(({ title }) => title)
  const IN_ORDER = [
    'apple',
    'Banana',
    'eagle',
    'ECLAIR',
    'Eclair',
    'eclair',
    'Éclair',
    'éclair',
    'Edge',
    'edge',
    'Łódź',
    'zebra',
    '中',
    '😀',
  ]

  test('ignores case and accents, which only decide between titles that are else the same', async () => {
    const app = await startApp()
    for (const index of IN_ORDER.keys())
      await create(app, { title: IN_ORDER[(index * 5) % IN_ORDER.length] })
    expect(await titlesOf(app, '?sort=title')).toEqual(IN_ORDER)
    expect(await titlesOf(app, '?sort=-title')).toEqual(IN_ORDER.toReversed())
    expect((await walk(app, '/tasks?sort=title&limit=3')).flat().map(({ title }) => title)).toEqual(
      IN_ORDER,
    )
    expect(await titlesOf(app, '?sort=title&q=ECLA')).toEqual([
      'ECLAIR',
      'Eclair',
      'eclair',
      'Éclair',
      'éclair',
    ])
  })

  test('has a task at its new place as soon as its title is changed', async () => {
    const app = await startApp()
    const [first] = await createAll(app, [
      { title: 'alpha' },
      { title: 'Beta' },
      { title: 'gamma' },
    ])
    await send(app, 'PATCH', `/tasks/${first?.id}`, { title: 'Émile', status: 'completed' })
    expect(await titlesOf(app, '?sort=title')).toEqual(['Beta', 'Émile', 'gamma'])
    await send(app, 'DELETE', `/tasks/${first?.id}`)
    expect(await titlesOf(app, '?sort=title')).toEqual(['Beta', 'gamma'])
  })

  test('refuses a cursor of version 0.1.0, which is a place in another order', async () => {
    const app = await startApp()
    const { id } = await create(app)
    for (const name of ['title', '-title']) {
      const cursor = Buffer.from(JSON.stringify([name, 'A task', id])).toString('base64url')
      expect(expectInvalid(await send(app, 'GET', `/tasks?sort=${name}&cursor=${cursor}`))).toEqual(
        ['#/cursor'],
      )
    }
  })
})

test('HEAD answers the same without a body', async () => {
  const { app } = await startFull()
  const whole = await send(app, 'HEAD', '/tasks')
  expect([whole.statusCode, whole.body, whole.headers['content-type']]).toEqual([
    200,
    '',
    'application/json; charset=utf-8',
  ])
  const [page, head] = [
    await send(app, 'GET', '/tasks?limit=2'),
    await send(app, 'HEAD', '/tasks?limit=2'),
  ]
  expect([head.statusCode, head.body]).toEqual([200, ''])
  for (const name of ['link', 'content-type', 'content-length'])
    expect(head.headers[name]).toBe(page.headers[name])
})

test('an empty list is an empty array, whole and as a page', async () => {
  const app = await startApp()
  for (const query of [
    '',
    '?limit=10',
    '?q=nothing',
    '?label=x',
    '?sort=-due_at&status=completed',
  ]) {
    const answer = await send(app, 'GET', `/tasks${query}`)
    expect([answer.statusCode, answer.body, answer.headers.link]).toEqual([200, '[]', undefined])
  }
})

test('a list of 1,250 tasks is streamed whole and equals its pages', async () => {
  const app = await startApp()
  const drafts = Array.from({ length: 1250 }, (_, index) => ({
    title: `Task ${index} },{"id": "x`,
    labels: [`${index % 2}`],
  }))
  const tasks = await createAll(app, drafts)
  expect(await list(app)).toEqual(tasks)
  expect((await walk(app, '/tasks?limit=1000')).map((page) => page.length)).toEqual([1000, 250])
  expect((await walk(app, '/tasks?limit=250')).flat()).toEqual(tasks)
  expect(await list(app, '?label=1&sort=-title')).toHaveLength(625)
})

describe('a query that is refused', () => {
  const REFUSED = [
    ['colour=red', '#/colour'],
    ['Status=pending', '#/Status'],
    ['limit=10&offset=5', '#/offset'],
    ['__proto__=1', '#/__proto__'],
    ['constructor=1', '#/constructor'],
    ...[
      '0',
      '-1',
      '1001',
      '1e9',
      '1000000000',
      '1.5',
      '1e2',
      'ten',
      '',
      '0x10',
      '%2010',
      '5,6',
      '9'.repeat(40),
    ].map((limit) => [`limit=${limit}`, '#/limit']),
    ['limit=1&limit=2', '#/limit'],
    ['limit', '#/limit'],
    ['sort=', '#/sort'],
    ['sort=id', '#/sort'],
    ['sort=%2Btitle', '#/sort'],
    ['sort=title,-due_at', '#/sort'],
    ['sort=title&sort=due_at', '#/sort'],
    ['status=done', '#/status/0'],
    ['status=', '#/status/0'],
    ['status=pending,', '#/status/1'],
    ['status=PENDING', '#/status/0'],
    ['priority=urgent', '#/priority/0'],
    ['priority=low&priority=', '#/priority/1'],
    ['label=', '#/label/0'],
    ['due_before=', '#/due_before'],
    ['due_before=tomorrow', '#/due_before'],
    ['due_after=2026-03-01', '#/due_after'],
    ['created_after=2026-02-30T00:00:00Z', '#/created_after'],
    ['created_before=2026-03-01T00:00:00', '#/created_before'],
    ['updated_after=2026-03-01T00:00:00+01:', '#/updated_after'],
    ['updated_before=1&updated_before=2', '#/updated_before'],
    ['external_reference_id=', '#/external_reference_id'],
    ['external_reference_id=1&external_reference_id=2', '#/external_reference_id'],
    ['q=', '#/q'],
    ['q=a&q=b', '#/q'],
    ['cursor=', '#/cursor'],
  ]

  test('is 422 and names the parameter', async () => {
    const app = await startApp({ database: 'memory' })
    for (const [query, pointer] of REFUSED) {
      expect(expectInvalid(await send(app, 'GET', `/tasks?${query}`)), query).toContain(pointer)
      expect((await send(app, 'HEAD', `/tasks?${query}`)).statusCode, query).toBe(422)
    }
  })

  test('every other path refuses parameters too', async () => {
    const { app, tasks } = await startFull()
    const path = `/tasks/${tasks[0]?.id}`
    expectInvalid(await send(app, 'POST', '/tasks?dry_run=1', { title: 'x' }))
    expectInvalid(await send(app, 'GET', `${path}?fields=id`))
    expectInvalid(await send(app, 'PUT', `${path}?x=1`, {}))
    expectInvalid(await send(app, 'DELETE', `${path}?force=1`))
    expectInvalid(await send(app, 'POST', `${path}/complete?x`))
    expectInvalid(await send(app, 'GET', `${path}/events?limit=1`))
    expectInvalid(await send(app, 'POST', '/tasks/batch?x=', { operations: [] }))
    for (const url of ['/livez?x=1', '/readyz?x=1', '/metrics?x=1'])
      expectInvalid(await send(app, 'GET', url))
  })
})

const cursorOf = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')
const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

const BAD_CURSORS = [
  'x',
  '%00',
  '%F0%9F%98%80',
  'W10',
  'bnVsbA',
  'A'.repeat(5000),
  cursorOf(['created_at', null, ID]),
  cursorOf(['created_at', 5, ID]),
  cursorOf(['created_at', 'yesterday', ID]),
  cursorOf(['created_at', at(0)]),
  cursorOf(['created_at', at(0), '']),
  cursorOf(['created_at', at(0), { $gt: '' }]),
  cursorOf(['-created_at', at(0), ID]),
  cursorOf({ sort: 'created_at', value: at(0), id: ID }),
]

test('a cursor that no Link header gave is 422', async () => {
  const app = await startApp({ database: 'memory' })
  for (const cursor of BAD_CURSORS) {
    expect(expectInvalid(await send(app, 'GET', `/tasks?cursor=${cursor}`)), cursor).toEqual([
      '#/cursor',
    ])
    expect(
      expectInvalid(await send(app, 'GET', `/tasks?limit=5&cursor=${cursor}`)),
      cursor,
    ).toEqual(['#/cursor'])
  }
})

test('a cursor of another sort is 422', async () => {
  const { app } = await startFull()
  for (const sort of SORTS) {
    const link = String((await send(app, 'GET', `/tasks?limit=1&sort=${sort}`)).headers.link)
    const cursor = new URL(/<(.+)>/.exec(link)?.[1] ?? '', 'http://localhost').searchParams.get(
      'cursor',
    )
    for (const other of SORTS.filter((name) => name !== sort)) {
      expectInvalid(await send(app, 'GET', `/tasks?limit=1&sort=${other}&cursor=${cursor}`))
    }
  }
})

test.each([
  '2026-03-01T09:00:00+01:00',
  '2026-03-01T09:00:00 01:00',
  '2026-03-01T09:00:00%2B01:00',
  '2026-03-01T09:00:00+0100',
  '2026-03-01T09:00:00%20%30100',
  '2026-03-01T08:00:00.000%2B0000',
  '2026-03-01T03:00:00-0500',
  '2026-03-01T08:00:00.0009999Z',
])('an offset is read with its + unescaped and without its colon: due_after=%s', async (text) => {
  const app = await startApp({ database: 'memory' })
  for (const due_at of ['2026-03-01T07:59:59.999Z', '2026-03-01T08:00:00Z'])
    await create(app, { title: due_at, due_at })
  for (const name of ['due_after', 'due_before']) {
    const titles = (await list(app, `?${name}=${text.replace(/ (?=\d)/, '%20')}`)).map(
      ({ title }) => title,
    )
    expect(titles).toEqual([
      name === 'due_after' ? '2026-03-01T08:00:00Z' : '2026-03-01T07:59:59.999Z',
    ])
  }
})
