import { expect, onTestFinished, test } from 'vitest'
import { createRecordService } from '#src/core/record-service.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK, type Task } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { NOTE } from '../notes.ts'
import { readObjects } from '../repository/task-store.ts'
import { newContext } from '../request-context.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { CUTS, startCuttingProxy } from './cutting-proxy.ts'
import { expectHistories } from './mongodb-load.ts'

const WRITERS = 4
const ROUNDS = 6

/** One of this many writes loses its connection. */
const CUT_EVERY = 8

const cutWrites = async () =>
  startCuttingProxy(await createDatabaseUrl(), (write) =>
    write % CUT_EVERY === 0 ? CUTS[(write / CUT_EVERY) % CUTS.length] : undefined,
  )

const start = async () => {
  const proxy = await cutWrites()
  const service = await startProcess({ DATABASE_URL: proxy.url }, createFolder())
  const tasks = `${service.url}/tasks`
  const ask = async (status: number, method: string, path: string, body?: object, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
    const response = await sendJson(`${tasks}${path}`, method, body, headers)
    const text = await response.text()
    expect(response.status, `${method} ${path} ${text}`).toBe(status)
    expect(response.headers.get('idempotent-replayed')).toBe(null)
    return text === '' ? undefined : JSON.parse(text)
  }
  return { ...proxy, service, tasks, ask }
}

test('writes whose connection is cut are answered as what they are, and made once', async () => {
  const { service, tasks, ask, counts } = await start()
  const titles: string[] = []
  const removed: string[] = []

  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const name = `${writer}-${round}`
      const keyed = (what: string) => (round % 2 === 0 ? undefined : `${what} ${name}`)
      const created: Task = await ask(201, 'POST', '', { title: name }, keyed('create'))
      const path = `/${created.id}`
      const changed = await ask(200, 'PATCH', path, { title: `${name}!` }, keyed('change'))
      expect(changed).toMatchObject({ title: `${name}!`, version: 2 })
      const done = await ask(200, 'POST', `${path}/complete`, undefined, keyed('complete'))
      expect(done).toMatchObject({ status: 'completed', version: 3 })
      const operations = [{ op: 'create', task: { title: `${name} in a batch` } }]
      await ask(200, 'POST', '/batch', { operations }, keyed('batch'))
      titles.push(`${name} in a batch`)
      if (round === 1) {
        await ask(204, 'DELETE', path, undefined, keyed('delete'))
        removed.push(created.id)
      } else titles.push(`${name}!`)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

  const found = await read<Task[]>(tasks)
  expect(found.map(({ title }) => title).sort()).toEqual(titles.sort())
  await expectHistories(service.url, found)
  for (const id of removed) expect(await read(`${tasks}/${id}/events`)).toHaveLength(4)
  for (const cut of CUTS) expect(counts[cut]).toBeGreaterThan(2)
})

test('so are writes of records, also where a unique key is taken', async () => {
  const { url, counts } = await cutWrites()
  const repository = await openMongoRepository(url, TASK)
  onTestFinished(() => repository.close())
  const notes = createRecordService(NOTE, { repository, newId: createUuids(undefined) })

  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const slug = `${writer}-${round}`
      const by = (what: string) =>
        newContext(round % 2 === 0 ? {} : { key: { key: `${what} ${slug}`, fingerprint: 'f' } })
      const created = await notes.create(by('create'), { title: 'a note', slug })
      expect(created).toMatchObject({ replayed: false, entity: { version: 1 } })
      const { id } = created.entity
      const changed = await notes.update(by('change'), id, { slug: `${slug}!` }, {})
      expect(changed).toMatchObject({ replayed: false, entity: { version: 2 } })
      const other = await notes.create(by('other'), { title: 'another', slug })
      await expect(notes.create(by('taken'), { title: 'a third', slug })).rejects.toMatchObject({
        code: 'already_exists',
      })
      const taking = notes.update(by('take'), other.entity.id, { slug: `${slug}!` }, {})
      await expect(taking).rejects.toMatchObject({ code: 'already_exists' })
      expect(await notes.remove(by('delete'), id, {})).toEqual({ replayed: false })
      expect(await readObjects(notes.history(id))).toHaveLength(3)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

  const found = await readObjects(notes.all(undefined, undefined))
  expect(found).toHaveLength(WRITERS * ROUNDS)
  for (const cut of CUTS) expect(counts[cut]).toBeGreaterThan(2)
})
