import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { sendChanges, statusesOf } from './keyed-changes.ts'

const TASKS = 150

const createTasks = async (url: string): Promise<string[]> => {
  const operations = Array.from({ length: TASKS }, () => ({ op: 'create', task: { title: 'old' } }))
  const answer = await sendJson(`${url}/tasks/batch`, 'POST', { operations })
  const { results } = (await answer.json()) as { results: { task: Task }[] }
  return results.map(({ task }) => task.id)
}

test('changes with an Idempotency-Key that are killed in their midst are done exactly once when they are retried', {
  timeout: 60_000,
}, async () => {
  const env = { DATABASE_URL: await createDatabaseUrl() }
  const service = await startProcess(env, createFolder())
  const ids = await createTasks(service.url)
  const sent = sendChanges(service.url, ids)
  await Promise.any(sent)
  await service.end('SIGKILL')
  const first = await Promise.allSettled(sent)
  const answered = first.filter(({ status }) => status === 'fulfilled').length
  expect(answered).toBeLessThan(TASKS)

  const { url } = await startProcess(env, createFolder())
  const answers = await Promise.all(sendChanges(url, ids))
  expect(answers.map(({ status }) => status)).toEqual(statusesOf(ids))
  const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')
  expect(replayed.length).toBeGreaterThanOrEqual(answered)
  for (const id of ids) expect(await read(`${url}/tasks/${id}/events`)).toHaveLength(2)
})
