import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { meanwhile } from './local-github/faults.ts'
import { byGithub } from './sync-calls.ts'
import { eventually, LIST_ISSUES, SWEEPING, startSynced } from './synced-service.ts'

const ALL = { ...SWEEPING, GITHUB_IMPORT: 'all' }

/** Which issues become tasks, by the real service over whatever database. */
describe('an import', () => {
  test('of all: each issue that people open becomes a task, over many pages and without a webhook', async () => {
    const { github, list, sync, history, writesDuring } = await startSynced(ALL)
    for (let index = 1; index <= 130; index += 1)
      github.as('alice').open({ title: `issue ${index}`, body: index % 2 ? null : 'text' })
    const pullRequest = github.as('alice').openPullRequest({ title: 'not a task' })
    const tasks = await eventually(async () => expectLength(await list(), 130))
    const titles = github
      .issues()
      .flatMap(({ title, isPullRequest }) => (isPullRequest ? [] : title))
    expect(tasks.map(({ title }) => title).sort()).toEqual(titles.sort())
    expect(
      await writesDuring(async () => github.as('alice').comment(pullRequest.number, 'touched')),
    ).toEqual([])
    expect(await list()).toHaveLength(130)
    const first = tasks.find(({ title }) => title === 'issue 1') as Task
    expect(first).toMatchObject({
      version: 1,
      description: '',
      external_reference_id: String(github.issue(1)?.id),
      external_url: expect.stringMatching(/\/issues\/1$/),
    })
    expect(await sync(first.id)).toMatchObject({ status: 'linked', issue_number: 1 })
    expect(await history(first.id)).toMatchObject([
      { type: 'task.created', actor: byGithub('alice') },
    ])
  })

  test('in one sweep misses none because another issue changes while the pages are read', async () => {
    const { github, restart } = await startSynced({ GITHUB_IMPORT: 'all' })
    const alice = github.as('alice')
    for (let index = 1; index <= 130; index += 1) alice.open({ title: `issue ${index}` })
    github.fail(
      LIST_ISSUES,
      meanwhile(() => alice.edit(1, { title: 'comes with the next sweep' })),
      { after: 1 },
    )
    const { list } = await restart()
    const titles = await eventually(async () =>
      expectLength(await list(), 129).map(({ title }) => title),
    )
    expect(titles).toEqual(Array.from({ length: 129 }, (_, index) => `issue ${index + 2}`))
  })

  test('of a label: an issue becomes a task when it has the label, whatever its case', async () => {
    const { github, onlyTask, list, put, sync, issueShown, sweeps } = await startSynced({
      ...SWEEPING,
      GITHUB_IMPORT: 'label:To Do',
    })
    const alice = github.as('alice')
    alice.open({ title: 'without', labels: ['todo', 'do'] })
    alice.open({ title: 'later', labels: ['bug'] })
    await sweeps(2)
    expect(await list()).toEqual([])
    alice.label(2, 'to do')
    const { id } = await onlyTask({ title: 'later', labels: ['bug', 'to do'] })
    expect(await sync(id)).toMatchObject({ status: 'linked', issue_number: 2 })
    /** Once a task, it stays one without the label. */
    await put(id, { labels: [] })
    await issueShown(2, { labels: [] })
    await onlyTask({ id })
    expect(github.issue(1)?.labels).toHaveLength(2)
  })

  test('of none: no issue becomes a task, told of or not', async () => {
    const { github, deliver, list, sweeps } = await startSynced(SWEEPING)
    github.as('alice').open({ title: 'hers' })
    await deliver()
    await sweeps(2)
    expect(await list()).toEqual([])
    expect(github.requests.writes()).toEqual([])
  })

  test('makes a task of a closed issue once it is reopened, and none again of one whose task was deleted', async () => {
    const { github, onlyTask, list, remove, issueShown, sweeps } = await startSynced(ALL)
    const alice = github.as('alice')
    alice.open({ title: 'a' })
    const { id } = await onlyTask({ title: 'a' })
    await remove(id)
    await issueShown(1, { state: 'closed', stateReason: 'not_planned' })
    alice.edit(1, { title: 'b' })
    github.fail(
      LIST_ISSUES,
      meanwhile(() => alice.close(alice.open({ title: 'done' }).number)),
    )
    await sweeps(3)
    expect(await list()).toEqual([])
    alice.reopen(2)
    await onlyTask({ title: 'done', status: 'pending' })
  })

  test('takes a copy of our marker by someone else for an issue of its own', async () => {
    const { github, create, list } = await startSynced(ALL)
    const task = await create({ title: 'ours' })
    const copied = github
      .as('mallory')
      .open({ title: 'a copy', body: github.issue(1)?.body ?? null })
    const tasks = await eventually(async () => expectLength(await list(), 2))
    expect(tasks.find(({ title }) => title === 'a copy')?.external_reference_id).toBe(
      String(copied.id),
    )
    expect(tasks.find(({ id }) => id === task.id)).toEqual(task)
    expect(github.issue(copied.number)?.state).toBe('open')
  })
})

const expectLength = <T>(found: T[], length: number): T[] => {
  expect(found).toHaveLength(length)
  return found
}
