import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffIssue, isEmpty } from '#src/github/issue/issue-diff.ts'
import { fromIssue, toIssue } from '#src/github/issue/issue-mapping.ts'
import type { Side } from '#src/github/issue/merge.ts'
import { anyIssueEdit, anyTaskEdit, CRASH, type Happening, STEP } from './sync-edits.ts'
import { SyncModel } from './sync-model.ts'
import { FIELDS, MARKER } from './synced-arbitraries.ts'

const RUNS = 300
const preferred = fc.constantFrom<Side>('task', 'issue')
const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: anyTaskEdit },
  { weight: 3, arbitrary: anyIssueEdit },
  { weight: 6, arbitrary: fc.constant(STEP) },
  { weight: 1, arbitrary: fc.constant(CRASH) },
)
const happenings = fc.array(anyHappening, { maxLength: 40 })

/** Reconciles until it changes nothing. A foreign label may have found room only once another had left, hence a second round. */
const settle = (model: SyncModel): void => {
  model.reconcile()
  for (let rounds = 0; rounds < 3; rounds += 1) {
    const { writes } = model
    model.reconcile()
    if (model.writes === writes) return
  }
  throw new Error('the sync goes on for ever')
}

/** As many labels as a task holds, so that for a foreign one there is no room. */
const LABELS = Array.from({ length: 20 }, (_, i) => `l${i}`)

const after = (steps: readonly Happening[], side: Side, isCrowded: boolean): SyncModel => {
  const model = new SyncModel(isCrowded ? { ...FIELDS, labels: LABELS } : FIELDS, side)
  for (const { run } of steps) run(model)
  settle(model)
  return model
}

const free = (labels: readonly string[]): string[] =>
  labels.filter((label) => label.trim().toLowerCase() !== 'priority:high')
const check = (property: fc.IPropertyWithHooks<[Happening[], Side, boolean]>): void =>
  fc.assert(property, { numRuns: RUNS })

describe('after any edits on both sides, any steps of the worker and any crashes', () => {
  const property = (claim: (model: SyncModel) => void) =>
    check(fc.property(happenings, preferred, fc.boolean(), (...args) => claim(after(...args))))

  test('both sides are equal, and nothing more is written', () =>
    property((model) => {
      const { task, base, issue } = model
      expect(fromIssue(issue.state, task)).toEqual({ ...task, labels: free(task.labels) })
      expect(base).toEqual(task)
      expect(isEmpty(diffIssue(issue.state, toIssue(task, MARKER), toIssue(base, MARKER)))).toBe(
        true,
      )
      expect(task.labels.length).toBeLessThanOrEqual(20)
    }))

  test('no label that was never on the task has been removed from the issue', () =>
    property((model) => {
      const foreign = model.issue.removed
        .map((label) => label.toLowerCase())
        .filter((label) => !/^(priority|status):/.test(label))
        .filter((label) => !model.everInTask.has(label) && label !== 'a b')
      expect(foreign).toEqual([])
    }))

  test('no cut title or text has come back', () =>
    property(({ task }) => {
      expect(task.title).not.toContain('…')
      expect(task.description).not.toContain('cut here')
    }))
})
