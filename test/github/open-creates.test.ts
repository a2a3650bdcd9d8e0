import { describe, expect, test } from 'vitest'
import { digestOf } from '#src/github/issue/issue-digest.ts'
import { createLink, type OpenCreate } from '#src/github/issue/issue-link.ts'
import type { RemoteIssue } from '#src/github/issue/remote-issue.ts'
import { createOf, withCreate, withKnown, withoutCreateOf } from '#src/github/step/open-creates.ts'
import { MARKER } from './synced-arbitraries.ts'

const NOW = Date.parse('2026-03-01T09:00:00Z')
const MINUTE = 60_000
const BODY = `text\n\n${MARKER}`

const ISSUE: RemoteIssue = {
  ...{
    id: '7',
    number: 7,
    url: '',
    title: 'a',
    body: BODY,
    isOpen: true,
    labels: [],
    author: 'task-bot',
  },
  ...{ isPullRequest: false, createdAt: NOW, updatedAt: '2026-03-01T09:00:00Z' },
}
const create = (changes: Partial<OpenCreate> = {}): OpenCreate => ({
  sentAt: NOW,
  digest: digestOf(ISSUE),
  ...changes,
})
const link = (...openCreates: OpenCreate[]) => ({ ...createLink('task', NOW), openCreates })

describe('an issue comes from a create', () => {
  test('of its title, its body and its time alone', () => {
    expect(createOf(link(create()), ISSUE)).toEqual(create())
    expect(
      createOf(link(create()), { ...ISSUE, body: `${BODY.replaceAll('\n', '\r\n')}\r\n` }),
    ).toEqual(create())
    for (const changes of [
      { title: 'b' },
      { body: `text\n\n> ${MARKER}` },
      { body: `${BODY}\nmore` },
      { body: `${MARKER}\n\ntext` },
    ])
      expect(createOf(link(create()), { ...ISSUE, ...changes })).toBeUndefined()
    for (const minutes of [-11, 6])
      expect(createOf(link(create({ sentAt: NOW + minutes * MINUTE })), ISSUE)).toBeUndefined()
    for (const minutes of [-10, 5])
      expect(createOf(link(create({ sentAt: NOW + minutes * MINUTE })), ISSUE)).toBeDefined()
  })

  test('that is known to be its own, whatever it says, and from no other one', () => {
    const own = create({ issueId: '7', digest: 'edited since', sentAt: 0 })
    expect(createOf(link(create(), own), ISSUE)).toEqual(own)
    expect(createOf(link(create({ issueId: '8' })), ISSUE)).toBeUndefined()
    expect(createOf({ ...createLink('task', NOW), openCreates: null }, ISSUE)).toBeUndefined()
  })
})

describe('of several creates', () => {
  const [first, second, third] = [-2, -1, 4].map((minutes) =>
    create({ sentAt: NOW + minutes * MINUTE }),
  ) as [OpenCreate, OpenCreate, OpenCreate]

  test('the closest in time is the one that an adopted issue came from, of its text if there is one', () => {
    expect(withoutCreateOf(link(first, second, third), ISSUE).openCreates).toEqual([first, third])
    const edited = { ...second, digest: 'another text' }
    expect(withoutCreateOf(link(first, edited), ISSUE).openCreates).toEqual([edited])
    expect(
      withoutCreateOf(link(first, edited), { ...ISSUE, title: 'by a person' }).openCreates,
    ).toEqual([first])
    expect(withoutCreateOf(link(create({ sentAt: 0 })), ISSUE).openCreates).toHaveLength(1)
  })

  test('one is forgotten a day later, or once it is known to have made no issue', () => {
    const next = create({ sentAt: third.sentAt + 24 * 60 * MINUTE })
    expect(withCreate(link(first, third), next).openCreates).toEqual([next])
    expect(withKnown(link(first), first, undefined).openCreates).toBeNull()
    expect(withKnown(link(first, second), first, { ...first, issueId: '9' }).openCreates).toEqual([
      second,
      { ...first, issueId: '9' },
    ])
  })
})
