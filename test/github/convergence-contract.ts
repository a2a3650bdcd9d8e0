import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createRandom } from './local-github/random.ts'
import { eventually, type OpenDatabase, SWEEPING, type Synced, startSynced } from './synced-service.ts'

const TASKS = 4
const EDITS = 100

/** What random changes on both sides come to, by the real service over whatever database. */
export const describeConvergence = (database: string, open: OpenDatabase): void => {
  describe(`both sides, on ${database}`, () => {
    test.for([1, 2])('random edits on both sides end equal and quiet (%i)', async (seed) => {
      const synced = await startSynced(open, SWEEPING)
      const { github, create, hook, writesDuring } = synced
      const ids: string[] = []
      for (let index = 0; index < TASKS; index += 1) ids.push((await create({ title: 'a', labels: ['l0'] })).id)
      const forwarding = github.deliveries.forward(hook, { delayMs: 60, loss: 0.3, twice: 0.3, seed })
      const random = createRandom(seed)
      for (let step = 0; step < EDITS; step += 1) {
        const index = Math.floor(random() * TASKS)
        await editSomewhere(synced, ids[index] ?? '', index + 1, step, random)
        if (random() < 0.2) await sleep(random() * 80)
      }
      await forwarding.settled()
      for (const id of ids) await eventually(() => expectEqual(synced, id))
      expect(await writesDuring(() => sleep(0))).toEqual([])
      for (const id of ids) await expectEqual(synced, id)
      expect([github.issues().length, (await synced.list()).length]).toEqual([TASKS, TASKS])
      forwarding.stop()
    })
  })
}

const PRIORITY_LABELS = ['priority:high', 'priority:low']

const editSomewhere = async (
  { github, put }: Synced,
  id: string,
  number: number,
  step: number,
  random: () => number,
): Promise<void> => {
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const alice = github.as('alice')
  const label = `l${Math.floor(random() * 4)}`
  const here = (): Promise<unknown> =>
    put(
      id,
      pick<object>(
        { title: `here ${step}` },
        { description: `here ${step}` },
        { status: pick('pending', 'in_progress', 'completed') },
        { priority: pick('low', 'medium', 'high') },
        { labels: [label, 'here'] },
      ),
    )
  const there = pick<() => unknown>(
    () => alice.edit(number, { title: `there ${step}` }),
    () => alice.edit(number, { body: `there ${step}` }),
    () => (github.issue(number)?.state === 'open' ? alice.close(number) : alice.reopen(number)),
    () => alice.label(number, label),
    () => alice.unlabel(number, label),
    () => alice.unlabel(number, ...PRIORITY_LABELS, 'status:in_progress'),
    () => alice.label(number, pick(...PRIORITY_LABELS)),
  )
  await (random() < 0.5 ? here() : there())
}

/** Whether both say the same. Of a closed issue nobody can tell whether it was in progress. */
const expectEqual = async ({ github, get }: Synced, id: string): Promise<void> => {
  const task = await get(id)
  const issue = github.issue(task.sync.issue_number ?? 0)
  expect(task.sync.status).toBe('linked')
  const labels = issue?.labels.map(({ name }) => name) ?? []
  const managed = [
    ...(task.status === 'in_progress' ? ['status:in_progress'] : []),
    ...(task.priority === 'medium' ? [] : [`priority:${task.priority}`]),
  ]
  const told = { title: issue?.title, description: (issue?.body ?? '').replace(/\s*<!--.*-->$/, ''), labels: labels.sort() }
  expect(told).toEqual({ title: task.title, description: task.description, labels: [...managed, ...task.labels].sort() })
  expect(issue?.state).toBe(task.status === 'completed' ? 'closed' : 'open')
}
