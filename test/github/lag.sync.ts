import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { GET_ISSUE, SWEEPING, type Synced, startSynced } from './synced-service.ts'

const LAG_MS = 1000

/** Changes that are told in different ways. */
const PATCHES = [
  { title: 'b', description: 'text' },
  { labels: ['x', 'ours'] },
  { labels: [] },
  { status: 'in_progress', priority: 'high' },
  { status: 'completed' },
]

/** GitHub tells of a change before it shows it to every reader: what becomes of that, by the real service over whatever database. */
describe('reads that lag behind', () => {
  test('an issue that was just opened and is not shown yet is not taken for gone', async () => {
    const synced = await startSynced()
    synced.github.lag({ reads: LAG_MS })
    const { id } = await synced.create({ title: 'a' })
    expect(await statusesWhileToldOf(synced, id)).not.toContain('issue_missing')
    expect(await synced.linked(id)).toMatchObject({ version: 2 })
    expect(await synced.sync(id)).toMatchObject({ issue_number: 1 })
  })

  test('our own change is not undone by a state from before it', async () => {
    const synced = await startSynced(SWEEPING)
    const { github, create, put, linked, history, writesDuring } = synced
    const tasks = await Promise.all(
      PATCHES.map(async (patch) => ({ patch, ...(await create({ title: 'a', labels: ['x'] })) })),
    )
    await sleep(LAG_MS)
    github.deliveries.drop()
    github.lag({ reads: LAG_MS, lists: LAG_MS })
    for (const { id, patch } of tasks) await put(id, patch)
    const last = tasks.at(-1)?.id ?? ''
    await linked(last)
    await statusesWhileToldOf(synced, last)
    const ends = Promise.all(tasks.map(({ id }) => linked(id)))
    expect(await writesDuring(() => ends)).toEqual([])
    for (const [index, task] of (await ends).entries())
      expect(task).toMatchObject({ ...tasks[index]?.patch, version: 3 })
    for (const { id } of tasks) expect(await history(id)).toHaveLength(3)
  })
})

/** The states that a task's sync goes through while the service is told of all that has happened, until that is shown. */
const statusesWhileToldOf = async (
  { github, sync, hook }: Synced,
  id: string,
): Promise<string[]> => {
  const statuses: string[] = []
  const reads = github.requests.to(GET_ISSUE).length
  await github.deliveries.send(hook)
  for (const end = Date.now() + LAG_MS; Date.now() < end; await sleep(50))
    statuses.push((await sync(id)).status)
  expect(github.requests.to(GET_ISSUE).length).toBeGreaterThan(reads)
  return statuses
}
