import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  atVersion,
  createLink,
  type IssueLink,
  markOutOfSync,
} from '#src/github/issue/issue-link.ts'
import { SYNC_STATUSES, type SyncStatus } from '#src/github/issue/task-sync.ts'
import { patchTask, type Task } from '#src/task/task.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { issueOf, millisAt, openLinked, type toSync } from './linked-store.ts'
import { type Open, patched } from './task-store.ts'

/** A task and its link, as the port's doc comments say that they come to be. */
interface Pair {
  readonly id: string
  task: Task | undefined
  link: IssueLink | undefined
}

type Sync = ReturnType<typeof toSync>

const TASKS = 3

type Operation =
  | { readonly kind: 'patch'; readonly title: string; readonly seconds: number }
  | { readonly kind: 'delete' }
  | { readonly kind: 'add' }
  | { readonly kind: 'step'; readonly rev: number | undefined; readonly fields: Partial<IssueLink> }
  | { readonly kind: 'forget' }
  | { readonly kind: 'ask'; readonly what: keyof typeof QUESTIONS }

/** What may be asked in between: that it is changes nothing. */
const QUESTIONS = {
  due: (sync: Sync) => sync.dueLinks(millisAt(10), 1),
  pending: (sync: Sync) => sync.links('pending', undefined, 1),
  linked: (sync: Sync) => sync.links('linked', undefined, 1),
  counts: (sync: Sync) => sync.countLinks(),
  unlinked: (sync: Sync) => sync.unlinkedTasks(undefined, 1),
}

const statuses: fc.Arbitrary<SyncStatus> = fc.constantFrom(...SYNC_STATUSES)

const fields: fc.Arbitrary<Partial<IssueLink>> = fc.record(
  {
    status: statuses,
    nextAttemptAt: fc.option(fc.integer({ min: 0, max: 20 }).map(millisAt), { nil: null }),
    issue: fc.option(
      fc.integer({ min: 1, max: 4 }).map((number) => issueOf(`900719925474099${number}`, number)),
      { nil: null },
    ),
    error: fc.constantFrom(null, { code: 'invalid', detail: 'too long', action: 'shorten it' }),
  },
  { requiredKeys: [] },
)

const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('patch' as const),
      title: fc
        .string({ minLength: 1, maxLength: 3 })
        .filter((text) => text.trim() !== '' && !text.includes('\0')),
      seconds: fc.nat(90),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      rev: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
      fields,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      what: fc.constantFrom(...(Object.keys(QUESTIONS) as (keyof typeof QUESTIONS)[])),
    }),
  },
)

const following = (
  link: IssueLink,
  version: number,
  isDeleted: boolean,
  at: number,
): IssueLink => ({
  ...markOutOfSync(link, version, isDeleted, at),
  rev: link.rev + 1,
})

/** A link that is changed: one to another issue is a commit of its task. */
const stepped = ({ task, link }: Pair, fields: Partial<IssueLink>): Pick<Pair, 'task' | 'link'> => {
  if (!link) return { task, link }
  const next: IssueLink = { ...link, ...fields, rev: link.rev + 1 }
  const { id, url } = next.issue ?? {}
  const patch = id && url ? { external_reference_id: id, external_url: url } : {}
  const linked = task && patchTask(task, patch, instantAt(0))
  if (!task || !linked || linked === task) return { task, link: next }
  const changedAt = Date.parse(task.updated_at)
  return { task: linked, link: atVersion(next, task.version, linked.version, changedAt) }
}

/** What an operation makes of a task and its link. */
const apply = (pair: Pair, operation: Operation): void => {
  const { task, link } = pair
  switch (operation.kind) {
    case 'patch': {
      const next = task && patchTask(task, { title: operation.title }, instantAt(operation.seconds))
      if (!next || next === task) return
      pair.link = link && following(link, next.version, false, Date.parse(next.updated_at))
      pair.task = next
      return
    }
    case 'delete':
      if (!task) return
      pair.link = link && following(link, task.version + 1, true, millisAt(200))
      pair.task = undefined
      return
    case 'add':
      if (!task || link) return
      pair.link = createLink(pair.id, millisAt(7), task.version)
      return
    case 'step':
      if (!link || (operation.rev !== undefined && operation.rev !== link.rev)) return
      Object.assign(pair, stepped(pair, operation.fields))
      return
    case 'forget':
      if (!link) return
      pair.link = undefined
      return
    case 'ask':
  }
}

type Linked = Awaited<ReturnType<typeof openLinked>>

const carryOut = async (
  { repository, sync, remove, forget }: Linked,
  id: string,
  operation: Operation,
): Promise<void> => {
  switch (operation.kind) {
    case 'patch':
      await repository.tasks.change(
        id,
        patched({ title: operation.title }, instantAt(operation.seconds)),
      )
      return
    case 'delete':
      await remove(id)
      return
    case 'add':
      await sync.addLink(id, millisAt(7))
      return
    case 'step': {
      const { rev, fields } = operation
      await sync.changeLink(id, (link) =>
        rev === undefined || rev === link.rev ? { ...link, ...fields } : undefined,
      )
      return
    }
    case 'forget':
      await forget(id)
      return
    case 'ask':
      await QUESTIONS[operation.what](sync)
  }
}

const byTask = (a: IssueLink, b: IssueLink): number => (a.taskId < b.taskId ? -1 : 1)

const byTime = (a: IssueLink, b: IssueLink): number =>
  (a.nextAttemptAt ?? 0) - (b.nextAttemptAt ?? 0) || byTask(a, b)

/** Whatever the store can be asked of its links, against the model of all of them. */
const expectSame = async (
  { sync, current }: Linked,
  all: readonly Pair[],
  touched: readonly Pair[],
): Promise<void> => {
  const links = all.flatMap(({ link }) => link ?? [])
  const now = millisAt(10)
  for (const { id, task, link } of touched) {
    expect(await sync.link(id)).toEqual(link)
    expect(await current(id)).toEqual(task)
    const issueId = link?.issue?.id
    if (issueId)
      expect(await sync.linkOfIssue(issueId)).toEqual(
        links.find(({ issue }) => issue?.id === issueId),
      )
  }
  expect(await sync.countLinks()).toEqual(
    Object.fromEntries(SYNC_STATUSES.flatMap((status) => countOf(links, status))),
  )
  const unlinked = all.flatMap(({ task, link }) => (task && !link ? [task.id] : []))
  expect(await sync.unlinkedTasks(undefined, 1000)).toEqual(unlinked)
  for (const wanted of ['pending', 'outdated'] as const) {
    const ofStatus = links.filter(({ status }) => status === wanted).sort(byTask)
    expect(await sync.links(wanted, undefined, 1000)).toEqual(ofStatus)
  }
  const due = links.filter(({ nextAttemptAt }) => nextAttemptAt !== null && nextAttemptAt <= now)
  expect((await sync.dueLinks(now, 1000)).sort(byTime)).toEqual(due.sort(byTime))
}

const countOf = (links: readonly IssueLink[], wanted: SyncStatus): [SyncStatus, number][] => {
  const count = links.filter(({ status }) => status === wanted).length
  return count === 0 ? [] : [[wanted, count]]
}

export const describeLinkModel = (open: Open): void => {
  test('links are what their tasks and steps make them, whatever comes after what', async () => {
    const store = await openLinked(open)
    const all: Pair[] = []
    const runs = fc.array(fc.tuple(fc.nat(TASKS - 1), operations), { maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const touched: Pair[] = []
        for (let index = 0; index < TASKS; index++) {
          const task = await store.addLinked({}, { title: `task ${index}` })
          touched.push({ id: task.id, task, link: createLink(task.id, millisAt(0)) })
        }
        all.push(...touched)
        for (const [index, operation] of run) {
          const pair = touched[index] as Pair
          await carryOut(store, pair.id, operation)
          apply(pair, operation)
        }
        await expectSame(store, all, touched)
      }),
      { numRuns: 25 },
    )
  })
}
