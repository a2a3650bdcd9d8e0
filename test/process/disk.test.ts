import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { type Answer, exchange } from './exchange.ts'
import { expectWhole, lookInto } from './file-copy.ts'
import { canTrace, openSmallDisk } from './small-disk.ts'

const post = (url: string, title: string, description = ''): Promise<Answer> =>
  exchange(`${url}/tasks`, 'POST', { title, description })

/** Creates tasks at once; those that were answered with 201, and the answers of the others. */
const createMany = async (url: string, count: number, prefix: string) => {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) => post(url, `${prefix} ${index}`)),
  )
  return {
    created: answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => JSON.parse(body) as Task),
    refused: answers.filter(({ status }) => status !== 201),
  }
}

const listOf = async (url: string): Promise<Task[]> =>
  JSON.parse((await exchange(`${url}/tasks`)).body) as Task[]

const expectUnavailable = ({ status, headers, body }: Answer): void => {
  expect(status, body).toBe(503)
  expect(headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/problem\+json/),
  })
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect(JSON.parse(body)).toMatchObject({ code: 'database_unavailable', status: 503 })
  expect(body).not.toMatch(/SQLITE|disk|\.db/i)
}

/** Writes until the log has taken the last page that was free, and is refused. */
const writeUntilRefused = async (url: string): Promise<{ created: Task[]; refused: Answer }> => {
  const created: Task[] = []
  for (let tries = 0; tries < 500; tries++) {
    const answer = await post(url, `Last ${tries}`, '-'.repeat(5000))
    if (answer.status !== 201) return { created, refused: answer }
    created.push(JSON.parse(answer.body) as Task)
  }
  throw new Error('the disk never was full')
}

const expectReads = async (url: string, tasks: readonly Task[]): Promise<void> => {
  const first = tasks[0]
  expect(JSON.parse((await exchange(`${url}/tasks/${first?.id}`)).body)).toEqual(first)
  expect(await listOf(url)).toEqual(tasks)
  expect(
    JSON.parse((await exchange(`${url}/tasks?q=${encodeURIComponent(first?.title ?? '')}`)).body),
  ).toContainEqual(first)
  expect((await exchange(`${url}/tasks/${first?.id}/events`)).status).toBe(200)
}

const byId = (a: Task, b: Task): number => (a.id < b.id ? -1 : 1)

test('on a full disk writes are refused for the moment, reads go on, and nothing that was answered is lost', async () => {
  const disk = await openSmallDisk()
  if (disk === undefined) return
  const start = (): Promise<RunningProcess> =>
    startProcess({ DATABASE_URL: `sqlite:${disk.folder}/tasks.db` }, '/', disk.launcher)
  const service = await start()
  const { url } = service
  const kept = (await createMany(url, 40, 'First')).created
  expect(kept).toHaveLength(40)

  disk.fill()
  const { created, refused } = await writeUntilRefused(url)
  kept.push(...created)
  expectUnavailable(refused)
  const one = `${url}/tasks/${kept[0]?.id}`
  for (const method of ['PUT', 'PATCH'])
    expectUnavailable(await exchange(one, method, { description: '-'.repeat(60_000) }))
  expectUnavailable(await post(url, 'Too long', '-'.repeat(60_000)))
  const many = await createMany(url, 40, 'Meanwhile')
  for (const answer of many.refused) expectUnavailable(answer)
  kept.push(...many.created)
  kept.sort(byId)
  await expectReads(url, kept)
  expect((await exchange(`${url}/livez`)).status).toBe(200)

  disk.free()
  kept.push(...(await createMany(url, 40, 'Again')).created)
  kept.sort(byId)
  expect(kept.length).toBeGreaterThanOrEqual(80)
  await expectReads(url, kept)
  expect(service.child.exitCode).toBe(null)
  await service.end('SIGKILL')
  await expectReads((await start()).url, kept)
})

test('a disk that is full at the start is named in one line', async () => {
  const disk = await openSmallDisk()
  if (disk === undefined) return
  disk.fill()
  const path = `${disk.folder}/tasks.db`
  const refusal = startProcess({ DATABASE_URL: `sqlite:${path}` }, '/', disk.launcher)
  await expect(refusal).rejects.toThrow(
    new RegExp(`^exit 1: task-manager-api: ${path}\\S* .*full\\n$`),
  )
})

test('where some of the fsyncs fail, every task that was answered is there after a kill', async () => {
  if (!canTrace()) return
  const folder = createFolder()
  const fault = 'inject=fsync,fdatasync:error=EIO:when=20+3'
  const launcher = [
    'strace',
    '-D',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync,fdatasync',
    '-e',
    fault,
  ]
  const service = await startProcess({}, folder, launcher)
  const kept: Task[] = []
  const refused: Answer[] = []
  for (let round = 0; round < 15; round++) {
    const many = await createMany(service.url, 8, `Round ${round}`)
    kept.push(...many.created)
    refused.push(...many.refused)
  }
  expect(kept.length).toBeGreaterThan(10)
  expect(refused.length).toBeGreaterThan(0)
  for (const answer of refused) expectUnavailable(answer)
  const seen = await listOf(service.url)
  await service.end('SIGKILL')
  await sleep(100)
  lookInto(join(folder, 'data/tasks.db'), expectWhole)
  const stored = await listOf((await startProcess({}, folder)).url)
  expect(stored).toEqual(expect.arrayContaining(kept))
  expect(stored).toEqual(expect.arrayContaining(seen))
})
