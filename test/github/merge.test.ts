import { describe, expect, test } from 'vitest'
import { fromIssue, toIssue } from '#src/github/issue/issue-mapping.ts'
import { merge } from '#src/github/issue/merge.ts'
import { inferMergeBase } from '#src/github/issue/merge-base.ts'
import { FIELDS, fields, MARKER } from './synced-arbitraries.ts'

const SIDES = ['task', 'issue'] as const
const many = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `l${from + i}`)

describe('two sides of one base', () => {
  test('that are equal stay so', () => {
    expect(merge(FIELDS, FIELDS, FIELDS, 'task')).toEqual({
      fields: FIELDS,
      base: FIELDS,
      lost: [],
    })
  })

  test('have what either of them changed', () => {
    const merged = merge(
      FIELDS,
      fields({ title: 'new', status: 'in_progress' }),
      fields({ description: '', priority: 'high' }),
      'task',
    )
    expect(merged.fields).toEqual(
      fields({ title: 'new', status: 'in_progress', description: '', priority: 'high' }),
    )
    expect(merged.lost).toEqual([])
  })

  test('that changed to the same have no conflict', () => {
    const changed = fields({ title: 'new', status: 'completed' })
    for (const side of SIDES)
      expect(merge(FIELDS, changed, changed, side)).toMatchObject({ fields: changed, lost: [] })
  })

  test('that changed to the same, which the issue shows cut, have the whole', () => {
    const changed = fields({ title: 'x'.repeat(400), description: 'a\r\nb' })
    const shown = fromIssue(toIssue(changed, MARKER), FIELDS)
    expect(shown).not.toEqual(changed)
    expect(merge(FIELDS, changed, shown, 'issue')).toMatchObject({ fields: changed, lost: [] })
  })

  test('in conflict have the value of the preferred one, and the other is told', () => {
    const task = fields({ title: 'of the task', status: 'in_progress', labels: ['mine'] })
    const issue = fields({ title: 'of the issue', status: 'completed', labels: ['theirs'] })
    expect(merge(FIELDS, task, issue, 'task')).toMatchObject({
      fields: { title: 'of the task', status: 'in_progress', labels: ['mine', 'theirs'] },
      lost: [
        { field: 'title', side: 'issue', value: 'of the issue', kept: 'of the task' },
        { field: 'status', side: 'issue', value: 'completed', kept: 'in_progress' },
      ],
    })
    expect(merge(FIELDS, task, issue, 'issue')).toMatchObject({
      fields: { title: 'of the issue', status: 'completed', labels: ['mine', 'theirs'] },
      lost: [
        { field: 'title', side: 'task', value: 'of the task', kept: 'of the issue' },
        { field: 'status', side: 'task', value: 'in_progress', kept: 'completed' },
      ],
    })
  })
})

describe('labels', () => {
  const merged = (base: string[], task: string[], issue: string[]) =>
    merge(fields({ labels: base }), fields({ labels: task }), fields({ labels: issue }), 'task')
      .fields.labels

  test('that one side removed go, that one side added come', () => {
    expect(merged(['a', 'b', 'c'], ['c', 'b', 'new'], ['a', 'c', 'theirs'])).toEqual([
      'c',
      'new',
      'theirs',
    ])
  })

  test('are the same in another case, and keep the spelling of the task', () => {
    expect(merged(['A', 'b'], ['a', 'B', 'New'], ['A', 'b', 'new'])).toEqual(['a', 'B', 'New'])
    expect(merged(['A'], [], ['a'])).toEqual([])
    expect(merged(['A'], ['a'], [])).toEqual([])
  })

  test('that the base never had stay', () => {
    expect(merged([], ['a'], ['b'])).toEqual(['a', 'b'])
  })

  test('that GitHub has no name for stay, and those named like managed ones go', () => {
    expect(merged([' ', 'Priority:High'], [' ', 'Priority:High'], [])).toEqual([' '])
  })

  test('are 20 at most, those of the task first', () => {
    expect(merged([], many(0, 18), many(50, 60))).toEqual([...many(0, 18), 'l50', 'l51'])
    expect(merged([], many(0, 20), many(50, 60))).toEqual(many(0, 20))
  })
})

describe('where GitHub drops our labels', () => {
  const options = { ignoreLabels: true }

  test('labels, priority and in_progress stay the task’s, and the base keeps what the issue had', () => {
    const task = fields({ labels: ['mine'], priority: 'high', status: 'in_progress' })
    const issue = fields({ labels: [], title: 'new' })
    const { fields: result, base, lost } = merge(FIELDS, task, issue, 'issue', options)
    expect(result).toEqual({ ...task, title: 'new' })
    expect(base).toEqual(fields({ title: 'new' }))
    expect(lost).toEqual([])
  })

  test('open and closed are still merged', () => {
    const at = (
      base: 'pending' | 'completed',
      task: 'in_progress' | 'completed',
      issue: 'pending' | 'completed',
    ) => {
      const [b, t, i] = [base, task, issue].map((status) => fields({ status }))
      const { fields: result, base: common } = merge(
        b ?? FIELDS,
        t ?? FIELDS,
        i ?? FIELDS,
        'task',
        options,
      )
      return [result.status, common.status]
    }
    expect(at('pending', 'in_progress', 'completed')).toEqual(['completed', 'completed'])
    expect(at('pending', 'completed', 'pending')).toEqual(['completed', 'completed'])
    expect(at('completed', 'completed', 'pending')).toEqual(['pending', 'pending'])
    expect(at('completed', 'in_progress', 'completed')).toEqual(['in_progress', 'pending'])
    expect(at('pending', 'completed', 'completed')).toEqual(['completed', 'completed'])
  })
})

describe('the base after a patch whose outcome is unknown', () => {
  const sent = fields({ title: 'x'.repeat(400), status: 'in_progress', labels: ['added', 'kept'] })
  const base = fields({ labels: ['kept', 'removed'] })

  test('is what was sent, when it has arrived', () => {
    const common = inferMergeBase(base, sent, toIssue(sent, MARKER))
    expect(common).toEqual({ ...sent, labels: ['kept', 'added'] })
  })

  test('is what it was, when it has not', () => {
    expect(inferMergeBase(base, sent, toIssue(base, MARKER))).toEqual(base)
  })

  test('is what has arrived of it, and what someone else changed is a change', () => {
    const issue = {
      ...toIssue(base, MARKER),
      title: 'theirs',
      labels: ['status:in_progress', 'added', 'removed', 'theirs'],
    }
    const common = inferMergeBase(base, sent, issue)
    expect(common).toEqual(fields({ status: 'in_progress', labels: ['kept', 'removed', 'added'] }))
    const task = { ...sent, title: 'later here', labels: ['kept'] }
    const merged = merge(common, task, fromIssue(issue, common), 'issue')
    expect(merged.fields).toEqual({ ...sent, title: 'theirs', labels: ['theirs'] })
    expect(merged.lost).toEqual([
      { field: 'title', side: 'task', value: 'later here', kept: 'theirs' },
    ])
  })

  test('is what was sent cut, where someone has edited that since', () => {
    const long = {
      title: `sent ${'x'.repeat(300)} end`,
      description: `sent ${'y'.repeat(65_500)} end`,
    }
    const { title, body, ...rest } = toIssue(fields(long), MARKER)
    const issue = {
      ...rest,
      title: title.replace('sent', 'edited'),
      body: body.replace('sent', 'edited'),
    }
    const common = inferMergeBase(FIELDS, fields(long), issue)
    expect(common).toEqual(fields(long))
    expect(fromIssue(issue, common)).toEqual(
      fields({
        title: long.title.replace('sent', 'edited'),
        description: long.description.replace('sent', 'edited'),
      }),
    )
    const alike = fields({ title: long.title.replace('sent', 'base') })
    expect(inferMergeBase(alike, fields(long), issue).title).toBe(alike.title)
  })
})
