import { diffIssue, type IssueChanges, isEmpty } from '#src/github/issue/issue-diff.ts'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import { fromIssue, toIssue } from '#src/github/issue/issue-mapping.ts'
import { type Lost, type Merged, merge, type Side } from '#src/github/issue/merge.ts'
import { inferMergeBase } from '#src/github/issue/merge-base.ts'
import { ModelIssue } from './model-issue.ts'
import { MARKER } from './synced-arbitraries.ts'

interface UnderWay {
  readonly known: SyncedFields
  readonly merged: Merged
  /** What is still to be called at GitHub. */
  readonly calls: (() => void)[]
}

/** A task, its issue, and a worker that makes them equal in steps, between which anyone may edit and the worker may crash. */
export class SyncModel {
  task: SyncedFields
  readonly issue: ModelIssue
  base: SyncedFields
  /** What may have arrived at the issue though nobody knows. */
  sent: SyncedFields | null = null
  readonly preferred: Side
  readonly lost: Lost[] = []
  readonly everInTask = new Set<string>()
  writes = 0
  #underWay: UnderWay | undefined

  constructor(fields: SyncedFields, preferred: Side) {
    this.task = fields
    this.base = fields
    this.preferred = preferred
    this.issue = new ModelIssue(toIssue(fields, MARKER))
    this.#remember()
  }

  editTask(changes: Partial<SyncedFields>): void {
    this.task = { ...this.task, ...changes }
    this.#remember()
  }

  crash(): void {
    this.#underWay = undefined
  }

  /** One step of the worker: to read and plan, each call, to note the end. True when the issue has been seen to. */
  step(): boolean {
    if (this.#underWay === undefined) {
      this.#underWay = this.#begin()
      return false
    }
    const call = this.#underWay.calls.shift()
    if (call !== undefined) {
      call()
      return false
    }
    this.base = this.#underWay.merged.base
    this.sent = null
    this.#underWay = undefined
    return true
  }

  reconcile(): void {
    while (!this.step()) {}
  }

  /** Reads the issue, and commits the task together with what is about to be sent. */
  #begin(): UnderWay {
    const seen = this.issue.state
    const known = this.sent === null ? this.base : inferMergeBase(this.base, this.sent, seen)
    const merged = merge(known, this.task, fromIssue(seen, known), this.preferred)
    if (JSON.stringify(merged.fields) !== JSON.stringify(this.task)) this.writes += 1
    this.task = merged.fields
    this.#remember()
    this.base = inferMergeBase(known, merged.fields, seen)
    this.sent = merged.fields
    this.lost.push(...merged.lost)
    const changes = diffIssue(seen, toIssue(merged.fields, MARKER), toIssue(known, MARKER))
    if (!isEmpty(changes)) this.writes += 1
    return { known, merged, calls: this.#callsOf(changes) }
  }

  #callsOf({ patch, addLabels, removeLabels }: IssueChanges): (() => void)[] {
    return [
      ...addLabels.map((label) => () => this.issue.addLabel(label)),
      ...(patch === undefined ? [] : [() => this.issue.patch(patch)]),
      ...removeLabels.map((label) => () => this.issue.removeLabel(label)),
    ]
  }

  #remember(): void {
    for (const label of this.task.labels) this.everInTask.add(label.trim().toLowerCase())
  }
}
