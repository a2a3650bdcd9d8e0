import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  errorAfterCommit,
  errorBeforeCommit,
  resetAfterCommit,
  resetBeforeCommit,
} from './local-github/faults.ts'
import { createRandom } from './local-github/random.ts'
import { eventually, SWEEPING, type Synced, startSynced } from './synced-service.ts'

const FAULTS = [resetBeforeCommit, resetAfterCommit, errorAfterCommit(502), errorBeforeCommit(503)]
const TASKS = 4
const EDITS = 100
const SEED = 1
const BAD_POST = { delayMs: 60, loss: 0.3, twice: 0.3, seed: SEED }

/** What random changes on both sides come to, by the real service over whatever database. */
describe('both sides', () => {
  test('random edits on both sides end equal and quiet', async () => {
    const synced = await startSynced(SWEEPING)
    const { github, hook, writesDuring } = synced
    const ids = await createTasks(synced)
    const forwarding = github.deliveries.forward(hook, BAD_POST)
    const random = createRandom(SEED)
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

  test('what one side alone sets survives faults, lag and deliveries that are lost or come twice', async () => {
    const synced = await startSynced(SWEEPING)
    const { github, hook, shown, writesDuring } = synced
    const ids = await createTasks(synced)
    const forwarding = github.deliveries.forward(hook, BAD_POST)
    github.fail('*', FAULTS, { probability: 0.3, seed: SEED })
    github.lag({ reads: 200, lists: 400 })
    const wanted = await editApart(synced, ids, createRandom(SEED))
    github.stopFaults()
    await forwarding.settled()
    for (const [index, id] of ids.entries()) await shown(id, wanted[index] ?? {})
    for (const id of ids) await eventually(() => expectEqual(synced, id))
    expect(await writesDuring(() => sleep(0))).toEqual([])
    expect([github.issues().length, github.duplicates().size]).toEqual([TASKS, 0])
    forwarding.stop()
  })
})

const createTasks = async ({ create }: Synced): Promise<string[]> => {
  const ids: string[] = []
  for (let index = 0; index < TASKS; index += 1)
    ids.push((await create({ title: 'a', labels: ['l0'] })).id)
  return ids
}

/** Edits texts here, titles and labels there, and resolves with what both sides are to have in the end. */
const editApart = async (
  { github, put }: Synced,
  ids: readonly string[],
  random: () => number,
): Promise<object[]> => {
  const alice = github.as('alice')
  const wanted = ids.map(() => ({ title: 'a', description: '', labels: ['l0', 'theirs'] }))
  for (let step = 0; step < EDITS; step += 1) {
    const index = Math.floor(random() * ids.length)
    const [title, description] = [`there ${step}`, `here ${step}`]
    const isHere = random() < 0.5
    Object.assign(wanted[index] ?? {}, isHere ? { description } : { title })
    if (isHere) await put(ids[index] ?? '', { description })
    else alice.edit(index + 1, { title })
    if (random() < 0.1) alice.label(index + 1, 'theirs')
    if (random() < 0.3) await sleep(random() * 80)
  }
  for (const index of ids.keys()) alice.label(index + 1, 'theirs')
  return wanted
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
const expectEqual = async ({ github, linked, sync }: Synced, id: string): Promise<void> => {
  const task = await linked(id)
  const issue = github.issue((await sync(id)).issue_number ?? 0)
  const labels = issue?.labels.map(({ name }) => name) ?? []
  const managed = [
    ...(task.status === 'in_progress' ? ['status:in_progress'] : []),
    ...(task.priority === 'medium' ? [] : [`priority:${task.priority}`]),
  ]
  const told = {
    title: issue?.title,
    description: (issue?.body ?? '').replace(/\s*<!--.*-->$/, ''),
    labels: labels.sort(),
  }
  expect(told).toEqual({
    title: task.title,
    description: task.description,
    labels: [...managed, ...task.labels].sort(),
  })
  expect(issue?.state).toBe(task.status === 'completed' ? 'closed' : 'open')
}
