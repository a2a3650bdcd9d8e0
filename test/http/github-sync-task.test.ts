import { expect, test } from 'vitest'
import { startGithubApp } from './github-app.ts'
import { expectProblem, send } from './requests.ts'

const AT_ONCE = 20
const UNKNOWN_ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

const statuses = (answers: readonly { readonly statusCode: number }[]): number[] => [
  ...new Set(answers.map(({ statusCode }) => statusCode)),
]

test('requests at once for one task without an issue are all accepted, and link it once', async () => {
  const { app, add, sync } = await startGithubApp()
  const { id } = await add()
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, () => send(app, 'POST', `/tasks/${id}/sync`)),
  )
  expect(statuses(answers)).toEqual([202])
  expect(await sync.countLinks()).toEqual({ pending: 1 })
})

test('requests that race with POST /github/link are all accepted', async () => {
  const { app, add, sync } = await startGithubApp()
  const tasks = await Promise.all(Array.from({ length: AT_ONCE }, () => add()))
  const [links, ...answers] = await Promise.all([
    send(app, 'POST', '/github/link'),
    ...tasks.map(({ id }) => send(app, 'POST', `/tasks/${id}/sync`)),
  ])
  expect([links.statusCode, statuses(answers)]).toEqual([200, [202]])
  expect(await sync.countLinks()).toEqual({ pending: AT_ONCE })
})

test('requests at once for a task that does not exist, or no longer does, are all 404', async () => {
  const { app, add, remove, sync } = await startGithubApp()
  const { id } = await add()
  await remove(id)
  for (const absent of [id, UNKNOWN_ID, 'nonsense']) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => send(app, 'POST', `/tasks/${absent}/sync`)),
    )
    for (const answer of answers) expectProblem(answer, 404, 'not_found')
  }
  expect(await sync.countLinks()).toEqual({})
})

test('requests that race with the deletion of the task are accepted or 404, and leave no task to link', async () => {
  const { app, add, sync, current } = await startGithubApp()
  const { id } = await add()
  const syncs = () => Array.from({ length: AT_ONCE }, () => send(app, 'POST', `/tasks/${id}/sync`))
  const [deleted, ...answers] = await Promise.all([
    send(app, 'DELETE', `/tasks/${id}`),
    ...syncs(),
    ...syncs(),
  ])
  expect(deleted.statusCode).toBe(204)
  expect([202, 404]).toEqual(expect.arrayContaining(statuses(answers)))
  expect(await current(id)).toBeUndefined()
  expect(await sync.unlinkedTasks(undefined, 10)).toEqual([])
})
