import { expect, test } from 'vitest'
import { createLink, type IssueLink } from '#src/github/issue/issue-link.ts'
import { toAdopted, toNotFound, toRetry } from '#src/github/step/link-transitions.ts'

const NOW = Date.parse('2026-03-01T09:00:00Z')
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const REASON = { code: 'unavailable', detail: 'GitHub did not answer' }
const DELAYS = [30_000, 2 * MINUTE, 10 * MINUTE]

const at = (time: number) => ({ now: () => time, toOurs: (instant: number) => instant })

const link = (changes: Partial<IssueLink> = {}): IssueLink => ({
  ...createLink('task', NOW),
  ...changes,
})

test('a failed step is tried again within a wait that doubles up to an hour', () => {
  for (const [attempts, most] of [
    [0, 2000],
    [1, 4000],
    [5, 64_000],
    [11, 3_600_000],
    [500, 3_600_000],
  ] as const) {
    const waits = Array.from(
      { length: 200 },
      () => (toRetry(link({ attempts }), REASON, 2000, at(NOW)).nextAttemptAt ?? 0) - NOW,
    )
    expect(Math.max(...waits)).toBeLessThanOrEqual(most)
    expect(Math.max(...waits)).toBeGreaterThan(most / 2)
    expect(Math.min(...waits)).toBeLessThan(most / 2)
  }
})

test('a step that has failed for a day is given up, with what a person can do', () => {
  let failing = link()
  for (const time of [NOW, NOW + MINUTE, NOW + DAY - 1]) {
    failing = toRetry(failing, REASON, 2000, at(time))
    expect(failing).toMatchObject({ status: 'pending', failingSince: NOW })
  }
  const dead = toRetry(failing, REASON, 2000, at(NOW + DAY))
  expect(dead).toMatchObject({
    status: 'failed',
    nextAttemptAt: null,
    attempts: 4,
    error: { code: 'unavailable' },
  })
  expect(dead.error?.action).toContain('POST /tasks/{id}/sync')
})

test('an issue that is not there is looked for at each delay since it was sent, then opened again', () => {
  let uncertain = link({ status: 'unconfirmed', sentAt: NOW, failingSince: NOW })
  uncertain = toNotFound(uncertain, DELAYS, at(NOW + 30_000))
  expect(uncertain).toMatchObject({ status: 'unconfirmed', nextAttemptAt: NOW + 2 * MINUTE })
  uncertain = toNotFound(uncertain, DELAYS, at(NOW + 2 * MINUTE))
  expect(uncertain).toMatchObject({ status: 'unconfirmed', nextAttemptAt: NOW + 10 * MINUTE })
  expect(toNotFound(uncertain, DELAYS, at(NOW + 10 * MINUTE))).toMatchObject({
    status: 'pending',
    sent: null,
    failingSince: NOW,
  })
})

test('an issue that GitHub has not opened for a day is given up', () => {
  const uncertain = link({
    status: 'unconfirmed',
    sentAt: NOW + DAY,
    failingSince: NOW,
    lookups: 2,
  })
  expect(toNotFound(uncertain, DELAYS, at(NOW + DAY))).toMatchObject({
    status: 'failed',
    nextAttemptAt: null,
  })
})

test('an issue that shows up late, touched by a person, is known by whatever we once sent: an edit since then is no change of theirs', () => {
  const fields = { description: '', status: 'pending', priority: 'medium', labels: [] } as const
  const issue = {
    ...{
      id: '1',
      number: 1,
      url: '',
      updatedAt: '2026-03-01T09:10:00Z',
      createdAt: NOW,
      author: 'task-bot',
    },
    ...{ body: '', isOpen: true, labels: ['theirs'], isPullRequest: false },
  }
  for (const [title, known] of [
    ['first', 'first'],
    ['second', 'second'],
    ['by a person', 'first'],
  ] as const) {
    let late = link({ status: 'unconfirmed', sentAt: NOW, sent: { ...fields, title: 'first' } })
    for (const next of ['second', 'third'])
      late = { ...toNotFound(late, [], at(NOW)), sent: { ...fields, title: next } }
    expect(toAdopted(late, { ...issue, title }, NOW)).toMatchObject({
      base: { title: known },
      sent: { title: 'third' },
    })
  }
})
