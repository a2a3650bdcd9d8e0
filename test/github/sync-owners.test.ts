import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import { fromIssue } from '#src/github/issue/issue-mapping.ts'
import type { Side } from '#src/github/issue/merge.ts'
import { TASK_PRIORITIES, TASK_STATUSES } from '#src/task/task.ts'
import * as edits from './sync-edits.ts'
import { SyncModel } from './sync-model.ts'
import { FIELDS } from './synced-arbitraries.ts'

type ScalarField = Exclude<keyof SyncedFields, 'labels'>
type Owners = Readonly<Record<ScalarField, Side>>

/** One edit by whoever owns the field, and what it makes of what is expected. */
interface OwnedEdit {
  readonly run: (model: SyncModel, owners: Owners) => void
  readonly expect: (fields: SyncedFields) => SyncedFields
}

const setTo = <F extends ScalarField>(
  field: F,
  value: SyncedFields[F],
  onIssue: edits.Happening,
): OwnedEdit => ({
  run: (model, owners) =>
    (owners[field] === 'issue' ? onIssue : edits.editTask({ [field]: value })).run(model),
  expect: (fields) => ({ ...fields, [field]: value }),
})

const toggle = (side: Side, label: string, isOn: boolean): OwnedEdit => {
  const [on, off] =
    side === 'task' ? [edits.labelTask, edits.unlabelTask] : [edits.labelIssue, edits.unlabelIssue]
  return {
    run: (model) => (isOn ? on : off)(label).run(model),
    expect: (fields) => {
      const others = fields.labels.filter((other) => other !== label)
      return { ...fields, labels: isOn ? [...others, label] : others }
    },
  }
}

const worker = ({ run }: edits.Happening): OwnedEdit => ({ run, expect: (fields) => fields })
const value = fc.stringMatching(/^[a-z]{1,6}$/)
const where = fc.constantFrom('above' as const, 'below' as const, 'nowhere' as const)

const ownedEdit: fc.Arbitrary<OwnedEdit> = fc.oneof(
  value.map((title) => setTo('title', title, edits.titleIssue(title))),
  fc
    .tuple(value, where)
    .map(([text, at]) => setTo('description', `${text}\nx`, edits.writeIssue(`${text}\nx`, at))),
  fc
    .constantFrom(...TASK_STATUSES)
    .map((status) => setTo('status', status, edits.setIssueStatus(status))),
  fc
    .constantFrom(...TASK_PRIORITIES)
    .map((priority) => setTo('priority', priority, edits.setIssuePriority(priority))),
  fc.tuple(fc.constantFrom('t1', ' ', 'ops'), fc.boolean()).map((args) => toggle('task', ...args)),
  fc.tuple(fc.constantFrom('i1', 'i2', 'i3'), fc.boolean()).map((args) => toggle('issue', ...args)),
  { weight: 8, arbitrary: fc.constant(worker(edits.STEP)) },
  { weight: 1, arbitrary: fc.constant(worker(edits.CRASH)) },
)

const side = fc.constantFrom('task' as const, 'issue' as const)
const anyOwners = fc.record({ title: side, description: side, status: side, priority: side })
const sorted = (fields: SyncedFields): SyncedFields => ({
  ...fields,
  labels: fields.labels.toSorted(),
})

test('what one side alone sets survives on both, whatever the steps and crashes between, and nothing is lost', () => {
  fc.assert(
    fc.property(
      fc.array(ownedEdit, { maxLength: 40 }),
      anyOwners,
      side,
      (steps, owners, preferred) => {
        const model = new SyncModel(FIELDS, preferred)
        for (const { run } of steps) run(model, owners)
        model.crash()
        model.reconcile()
        const expected = steps.reduce((fields, step) => step.expect(fields), FIELDS)
        expect(sorted(model.task)).toEqual(sorted(expected))
        expect(sorted(fromIssue(model.issue.state, model.task))).toEqual(sorted(expected))
        expect(model.lost).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})
