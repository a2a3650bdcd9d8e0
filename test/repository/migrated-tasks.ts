import { expect, test } from 'vitest'
import { eventually } from '../github/synced-service.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import {
  type Recorded,
  type RecordedEvent,
  type RecordedTask,
  toExpectedEvent,
  toExpectedReplay,
  toExpectedTask,
  toExpectedTitles,
} from './recorded-answers.ts'

/**
 * The real service over data of 0.1.0. `load` puts them into a new database and resolves with its
 * URL; `recorded` is what 0.1.0 answered from them.
 */
export const testMigratedTasks = (load: () => Promise<string>, recorded: Recorded): void => {
  const { ids, tasks, deleted, events, lists, cursors, replays } = recorded
  const start = async (): Promise<string> =>
    (await startProcess({ DATABASE_URL: await load() }, createFolder())).url
  const taskOf = (id: string): RecordedTask => tasks.find((task) => task.id === id) as RecordedTask

  test('tasks, histories and lists are those that 0.1.0 answered', async () => {
    const url = await start()
    expect(await read(`${url}/tasks`)).toEqual(tasks.map(toExpectedTask))
    for (const task of tasks) {
      const etag = `"${task.version}"`
      const response = await fetch(`${url}/tasks/${task.id}`)
      expect(response.headers.get('etag')).toBe(etag)
      expect(await response.json()).toEqual(toExpectedTask(task))
    }
    for (const id of deleted) expect((await fetch(`${url}/tasks/${id}`)).status).toBe(404)
    for (const [id, history] of Object.entries(events))
      await eventually(async () =>
        expect(await read(`${url}/tasks/${id}/events`)).toEqual(history.map(toExpectedEvent)),
      )
    for (const [query, titles] of Object.entries(lists))
      expect(await readTitles(`${url}/tasks?${query}`), query).toEqual(
        toExpectedTitles(query, titles),
      )
    for (const [query, list] of Object.entries(cursors)) await expectPages(url, query, list)
  })

  test('a request with a key of 0.1.0 is not carried out again', async () => {
    const url = await start()
    for (const { path, key, body, status, answer } of replays) {
      const headers = { 'idempotency-key': key }
      const response = await sendJson(url + path, 'POST', body, headers)
      expect(response.status, key).toBe(status)
      expect(response.headers.get('idempotent-replayed'), key).toBe('true')
      expect(await response.json()).toEqual(toExpectedReplay(answer))
      const task = { title: 'other' }
      const other = path === '/tasks' ? task : { operations: [{ op: 'create', task }] }
      const refused = await sendJson(url + path, 'POST', other, headers)
      expect(refused.status, key).toBe(422)
      expect(await refused.json()).toMatchObject({ code: 'idempotency_key_reused' })
    }
    expect(await read(`${url}/tasks`)).toEqual(tasks.map(toExpectedTask))
  })

  test('its tasks can be changed, completed and deleted', async () => {
    const url = await start()
    const at = (id: string, rest = ''): string => `${url}/tasks/${id}${rest}`
    for (const id of [ids.unicode, ids.linked, ids.pending]) {
      const { version } = taskOf(id)
      const ifMatch = { 'if-match': `"${version}"` }
      const changed = await sendJson(at(id), 'PATCH', { title: `Ångström ${id}` }, ifMatch)
      expect(changed.status).toBe(200)
      expect(await changed.json()).toMatchObject({
        title: `Ångström ${id}`,
        version: version + 1,
      })
      expect((await sendJson(at(id), 'PATCH', { title: 'late' }, ifMatch)).status).toBe(412)
    }
    expect(await readTitles(`${url}/tasks?q=angstrom`)).toHaveLength(3)
    expect(await readTitles(`${url}/tasks?q=gro%C3%9Fe`)).toEqual([])
    for (const id of [ids.reopened, ids.dirty]) {
      const completed = await fetch(at(id, '/complete'), { method: 'POST' })
      expect(completed.status).toBe(200)
      expect(await completed.json()).toMatchObject({ id, status: 'completed' })
    }
    for (const id of [ids.keyed, ids.gone, ids.posting]) {
      expect((await fetch(at(id), { method: 'DELETE' })).status).toBe(204)
      expect((await fetch(at(id))).status).toBe(404)
    }
    expect(await read(`${url}/tasks`)).toHaveLength(tasks.length - 3)
    const sequences = Object.values(events).flatMap((history) =>
      history.map(({ sequence }) => sequence),
    )
    await eventually(async () => {
      const [last] = (await read<RecordedEvent[]>(at(ids.posting, '/events'))).slice(-1)
      expect(last).toMatchObject({ type: 'task.deleted', sequence: Math.max(...sequences) + 8 })
    })
  })
}

const titlesOf = (tasks: readonly RecordedTask[]): string[] => tasks.map(({ title }) => title)

const readTitles = async (url: string): Promise<string[]> =>
  titlesOf(await read<RecordedTask[]>(url))

/** A cursor of 0.1.0 leads on, except in the order of titles, which is another now. */
const expectPages = async (
  url: string,
  query: string,
  { next, pages }: Recorded['cursors'][string],
): Promise<void> => {
  const [first, second] = pagesOf(toExpectedTitles(query, pages.flat()), pages)
  expect(await readTitles(`${url}/tasks?${query}`), query).toEqual(first)
  if (next === undefined) return
  if (!query.includes('sort=title')) {
    expect(await readTitles(url + next), query).toEqual(second)
    return
  }
  const refused = await fetch(url + next)
  expect(refused.status).toBe(422)
  expect(await refused.json()).toMatchObject({ errors: [{ pointer: '#/cursor' }] })
}

/** The titles in pages as long as those given. */
const pagesOf = (titles: readonly string[], pages: readonly (readonly string[])[]) => {
  let from = 0
  return pages.map(({ length }) => {
    from += length
    return titles.slice(from - length, from)
  })
}
