import { expect, test } from 'vitest'
import { toTaskSync } from '#src/github/issue/issue-link.ts'
import { startGithubApp } from './github-app.ts'

/** Each link holds the texts of its issue twice: so many of the longest fit into memory. */
const AT_ONCE = 50

test('a list of jobs is whole and in order, and never reads many links at once', async () => {
  const { addLinked, sync, limits, read } = await startGithubApp()
  const tasks = await Promise.all(
    Array.from({ length: 130 }, () => addLinked({ status: 'failed' })),
  )
  await addLinked()
  const ids = tasks.map(({ id }) => id).sort()
  const list = async (query: string) =>
    JSON.parse(await read(`/github/jobs?state=failed${query}`)) as { task_id: string }[]
  const idsOf = async (query: string) => (await list(query)).map(({ task_id }) => task_id)
  expect(await idsOf('&limit=1000')).toEqual(ids)
  expect(await idsOf('')).toEqual(ids.slice(0, 100))
  expect(await idsOf('&limit=7')).toEqual(ids.slice(0, 7))
  expect(await idsOf(`&limit=60&after=${ids[20]}`)).toEqual(ids.slice(21, 81))
  const [first] = await sync.links('failed', undefined, 1)
  expect((await list('&limit=1'))[0]).toEqual({
    task_id: first?.taskId,
    sync: first && toTaskSync(first),
  })
  expect(Math.max(...limits)).toBeLessThanOrEqual(AT_ONCE)
})
