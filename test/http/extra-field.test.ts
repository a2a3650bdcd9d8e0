import { expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { EXTENDED, type Extended, newMongo, newSqlite } from '../repository/extra-field.ts'
import { startApp } from '../start-app.ts'
import { create, createAll, expectInvalid, list, send } from './requests.ts'

/** The service with a field of a task that its code does not know. */
const startExtended = async (): Promise<App> => {
  const database = process.env.TEST_DATABASE === 'mongodb' ? await newMongo() : newSqlite()
  return startApp({ fields: { table: EXTENDED, repository: await database.extended() } })
}

const NAMES = ['cy', null, 'ann', 'bob', 'ann', null, 'Zoe']

const titled = (assignee: string | null, index: number) => ({ title: `t${index}`, assignee })

const titlesOf = async (app: App, query: string): Promise<string[]> =>
  (await list(app, query)).map(({ title }) => title)

test('one more field is created, changed, cleared and in the history', async () => {
  const app = await startExtended()
  const task = (await create(app, { title: 'a' })) as Extended
  expect(task.assignee).toBeNull()
  expect((await create(app, { title: 'a', assignee: 'ann' })) as Extended).toMatchObject({
    assignee: 'ann',
  })
  const url = `/tasks/${task.id}`
  for (const assignee of ['bob', null]) {
    const answer = await send(app, 'PATCH', url, { assignee })
    expect(answer.json()).toMatchObject({ id: task.id, assignee })
    expect((await send(app, 'GET', url)).json()).toEqual(answer.json())
  }
  const history = (await send(app, 'GET', `${url}/events`)).json<{ changes: object }[]>()
  expect(history.slice(1).map(({ changes }) => changes)).toEqual([
    { assignee: { before: null, after: 'bob' } },
    { assignee: { before: 'bob', after: null } },
  ])
})

test('one more field filters and sorts lists, whole and in pages', async () => {
  const app = await startExtended()
  await createAll(app, NAMES.map(titled))
  const up = ['t6', 't2', 't4', 't3', 't0', 't1', 't5']
  const down = ['t0', 't3', 't4', 't2', 't6', 't5', 't1']
  for (const [sort, expected] of [
    ['assignee', up],
    ['-assignee', down],
  ] as const) {
    expect(await titlesOf(app, `?sort=${sort}`)).toEqual(expected)
    const paged: string[] = []
    for (let url: string | undefined = `/tasks?sort=${sort}&limit=2`; url !== undefined; ) {
      const answer = await send(app, 'GET', url)
      paged.push(...answer.json<Extended[]>().map(({ title }) => title))
      url = /<(.+?)>/.exec(String(answer.headers.link ?? ''))?.[1]
    }
    expect(paged).toEqual(expected)
  }
  expect(await titlesOf(app, '?assignee=ann')).toEqual(['t2', 't4'])
  expect(await titlesOf(app, '?assignee=ann&assignee=cy&sort=-assignee')).toEqual([
    't0',
    't4',
    't2',
  ])
  expect(await titlesOf(app, '?assignee=ann,cy')).toEqual([])
})

test('one more field is checked and documented like any other', async () => {
  const app = await startExtended()
  for (const assignee of ['', 7, 'x'.repeat(101), 'a\0'])
    expect(expectInvalid(await send(app, 'POST', '/tasks', { title: 'a', assignee }))).toEqual([
      '#/assignee',
    ])
  expect(expectInvalid(await send(app, 'GET', '/tasks?assignee='))).toEqual(['#/assignee/0'])
  const { components, paths } = (await send(app, 'GET', '/openapi.json')).json()
  for (const name of ['Task', 'TaskDraft', 'TaskPatch'])
    expect(components.schemas[name].properties.assignee).toMatchObject({
      anyOf: [{ type: 'string', maxLength: 100 }, { type: 'null' }],
    })
  const parameters: { name: string; schema: { enum?: string[] } }[] = paths['/tasks'].get.parameters
  expect(parameters.map(({ name }) => name)).toContain('assignee')
  const sort = parameters.find(({ name }) => name === 'sort')
  expect(sort?.schema.enum).toEqual(expect.arrayContaining(['assignee', '-assignee']))
})
