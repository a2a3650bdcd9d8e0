import { describe, expect, test } from 'vitest'
import { diffIssue, isEmpty } from '#src/github/issue/issue-diff.ts'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import { type SeenIssue, toIssue } from '#src/github/issue/issue-mapping.ts'
import { FIELDS, fields, MARKER } from './synced-arbitraries.ts'

const ISSUE = toIssue(FIELDS, MARKER)
const NOTHING = { patch: undefined, addLabels: [], removeLabels: [] }
const diff = (
  now: Partial<SeenIssue>,
  wanted: Partial<SyncedFields> = {},
  base: Partial<SyncedFields> = {},
) => diffIssue({ ...ISSUE, ...now }, toIssue(fields(wanted), MARKER), toIssue(fields(base), MARKER))

describe('what is sent', () => {
  test('is nothing when the issue is as wanted', () => {
    expect(diff({})).toEqual(NOTHING)
    expect(isEmpty(diff({}))).toBe(true)
  })

  test('is nothing for other ends of lines, a marker gone or moved, and names in another case', () => {
    const description = 'a\n\nb'
    const bodies = [
      'a\r\n\r\nb',
      `${MARKER}\n\na\n\nb`,
      `a\n${MARKER}\nb`,
      `a\r\n\r\nb\r\n\r\n${MARKER}\r\n`,
    ]
    for (const body of bodies) expect(diff({ body }, { description })).toEqual(NOTHING)
    expect(diff({ title: ` ${FIELDS.title} `, labels: ['OPS'] })).toEqual(NOTHING)
    expect(diff({ body: null }, { description: '' })).toEqual(NOTHING)
  })

  test('is nothing where someone wrote more at GitHub than we could send, and the rest is equal', () => {
    const long = 'y'.repeat(100_000)
    expect(
      diff(
        { body: long, title: 'x'.repeat(500) },
        { description: long.slice(0, 65_536), title: 'x'.repeat(500) },
      ),
    ).toEqual(NOTHING)
    expect(diff({ body: `z${long}` }, { description: long }).patch?.body).toHaveLength(65_536)
  })

  test('is what has changed, and nothing else', () => {
    expect(diff({}, { title: 'new' })).toEqual({ ...NOTHING, patch: { title: 'new' } })
    expect(diff({}, { description: 'new' })).toEqual({
      ...NOTHING,
      patch: { body: `new\n\n${MARKER}` },
    })
    expect(diff({}, { labels: ['Ops', 'new'], priority: 'low' })).toEqual({
      ...NOTHING,
      addLabels: ['priority:low', 'new'],
    })
    expect(isEmpty(diff({}, { title: 'new' }))).toBe(false)
    expect(isEmpty(diff({}, { labels: ['new', 'ops'] }))).toBe(false)
  })

  test('closes as completed and reopens', () => {
    expect(diff({}, { status: 'completed' }).patch).toEqual({
      state: 'closed',
      state_reason: 'completed',
    })
    expect(diff({ isOpen: false }).patch).toEqual({ state: 'open', state_reason: 'reopened' })
    expect(diff({ isOpen: false }, { status: 'completed' })).toEqual(NOTHING)
  })

  test('removes a label that the base had, and a managed one, by the name it has there', () => {
    const labels = ['OPS', 'Priority:High', 'status:in_progress']
    expect(diff({ labels }, { labels: [] })).toEqual({ ...NOTHING, removeLabels: labels })
    expect(diff({ labels: ['priority:low', 'ops'] }, { priority: 'high' })).toEqual({
      ...NOTHING,
      addLabels: ['priority:high'],
      removeLabels: ['priority:low'],
    })
  })

  test('removes no label that we never knew, one without room in the task included', () => {
    expect(diff({ labels: ['ops', 'theirs', 'priority:medium'] })).toEqual(NOTHING)
  })

  test('is no label where GitHub drops ours', () => {
    const wanted = toIssue(fields({ title: 'new', labels: ['new'], priority: 'high' }), MARKER)
    expect(diffIssue(ISSUE, wanted, ISSUE, { ignoreLabels: true })).toEqual({
      ...NOTHING,
      patch: { title: 'new' },
    })
  })
})
