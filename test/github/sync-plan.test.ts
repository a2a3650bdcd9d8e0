import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffIssue, isEmpty } from '#src/github/issue/issue-diff.ts'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import { fromIssue, type IssueState, toIssue } from '#src/github/issue/issue-mapping.ts'
import { merge } from '#src/github/issue/merge.ts'
import { ModelIssue } from './model-issue.ts'
import { anyFields, FIELDS, MARKER } from './synced-arbitraries.ts'

const side = fc.constantFrom('task' as const, 'issue' as const)
const show = (fields: SyncedFields): IssueState => toIssue(fields, MARKER)

/** All that the issue shows while the changes are sent one by one, the end included. */
const statesUntil = (from: IssueState, wanted: IssueState, base: IssueState): IssueState[] => {
  const issue = new ModelIssue(from)
  const { addLabels, patch, removeLabels } = diffIssue(from, wanted, base)
  const states: IssueState[] = []
  const call = (run: () => void): void => {
    run()
    states.push(issue.state)
  }
  for (const label of addLabels) call(() => issue.addLabel(label))
  if (patch !== undefined) call(() => issue.patch(patch))
  for (const label of removeLabels) call(() => issue.removeLabel(label))
  return states
}

describe('for any two tasks', () => {
  test('what is sent makes the issue of the one that of the other', () => {
    fc.assert(
      fc.property(anyFields, anyFields, (before, after) => {
        const end = statesUntil(show(before), show(after), show(before)).at(-1) ?? show(before)
        expect(isEmpty(diffIssue(end, show(after), show(before)))).toBe(true)
        const seen = fromIssue(end, after)
        expect(show(seen)).toEqual(show(after))
      }),
    )
  })

  test('status and priority are at each moment those before or those after', () => {
    fc.assert(
      fc.property(anyFields, anyFields, (before, after) => {
        for (const state of statesUntil(show(before), show(after), show(before))) {
          const { status, priority } = fromIssue(state, before)
          expect([before.status, after.status]).toContain(status)
          expect([before.priority, after.priority]).toContain(priority)
        }
      }),
    )
  })
})

describe('for any two sides of any base', () => {
  const conflicts = ['title', 'description', 'status', 'priority'] as const

  test('each field has a value of one of them, and a conflict has its loser told', () => {
    fc.assert(
      fc.property(anyFields, anyFields, anyFields, side, (base, task, other, preferred) => {
        const issue = fromIssue(show(other), base)
        const { fields, lost } = merge(base, task, issue, preferred)
        for (const field of conflicts) {
          const [from, here, there, kept] = [base[field], task[field], issue[field], fields[field]]
          const told = lost.find((one) => one.field === field)
          if (here === from || there === from)
            expect([kept, told]).toEqual([here === from ? there : here, undefined])
          else if (told === undefined)
            expect([kept, show(fields)]).toEqual([
              here,
              { ...show(fields), ...titleAndBody(field, issue) },
            ])
          else expect(told).toEqual(lostTo(preferred, field, here, there))
        }
      }),
    )
  })

  test('with labels that GitHub drops, the second round writes nothing', () => {
    fc.assert(
      fc.property(anyFields, anyFields, anyFields, side, (base, task, other, preferred) => {
        const options = { ignoreLabels: true }
        const issue = new ModelIssue({ ...show(other), labels: ['theirs'] })
        const first = merge(base, task, fromIssue(issue.state, base), preferred, options)
        const { patch, ...labels } = diffIssue(issue.state, show(first.fields), show(base), options)
        expect(labels).toEqual({ addLabels: [], removeLabels: [] })
        if (patch !== undefined) issue.patch(patch)
        const second = merge(
          first.base,
          first.fields,
          fromIssue(issue.state, first.base),
          preferred,
          options,
        )
        expect(second).toEqual({ ...first, lost: [] })
        expect(
          isEmpty(diffIssue(issue.state, show(second.fields), show(first.base), options)),
        ).toBe(true)
        expect([second.fields.labels, second.fields.priority]).toEqual([task.labels, task.priority])
      }),
    )
  })

  test('a foreign label stays on the issue', () => {
    const issue = new ModelIssue({ ...show(FIELDS), labels: ['ops', 'theirs'] })
    fc.assert(
      fc.property(anyFields, (task) => {
        const { fields } = merge(FIELDS, task, fromIssue(issue.state, FIELDS), 'task')
        expect(diffIssue(issue.state, show(fields), show(FIELDS)).removeLabels).not.toContain(
          'theirs',
        )
      }),
    )
  })
})

/** Where two values that differ are no conflict, the issue shows the task's. */
const titleAndBody = (field: string, issue: SyncedFields): Partial<IssueState> => {
  if (field === 'title') return { title: show(issue).title }
  return field === 'description' ? { body: show(issue).body } : {}
}

const lostTo = (
  preferred: 'task' | 'issue',
  field: keyof SyncedFields,
  here: unknown,
  there: unknown,
) =>
  preferred === 'task'
    ? { field, side: 'issue', value: there, kept: here }
    : { field, side: 'task', value: here, kept: there }
