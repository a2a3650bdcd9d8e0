import type { Entity } from '../../core/entity.ts'
import type { NewTaskEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { LinkDecision } from '../../core/sync-repository.ts'
import type {
  CommitResult,
  Decide,
  Decision,
  IdempotencyKey,
  StoredTask,
} from '../../core/task-repository.ts'
import {
  createLink,
  type IssueLink,
  withLink,
  withNextRevision,
} from '../../github/issue/issue-link.ts'
import type { Database } from './binding.ts'
import { createColumns, type TaskColumns, toMilliseconds } from './columns.ts'
import type { KeyOrder } from './key-order.ts'
import { createKeyRecords } from './key-records.ts'
import { createLinkRecords, isTold, toLink, toldLink } from './link-records.ts'
import { createListRows } from './list-rows.ts'
import { createTitleRows, type Place } from './title-rows.ts'

/** The writes, each to be run inside a transaction: state, event, title's place, search words, labels and key record together. */
export interface Commits {
  create(
    task: Entity,
    event: NewTaskEvent,
    key: IdempotencyKey | undefined,
    link: IssueLink | undefined,
  ): CommitResult
  change(id: string, decide: Decide, key: IdempotencyKey | undefined): CommitResult
  claim(key: IdempotencyKey): boolean
  /** Decides upon a link and its task, and keeps both; it spends no version. */
  changeLink(taskId: string, decide: LinkDecision): IssueLink | undefined
  addLink(taskId: string, now: number): boolean
  /** Writes the link down that a task alone tells of (told-links.ts). */
  writeLink(taskId: string): void
  /** Reads a link, written down or told. */
  link(taskId: string): IssueLink | undefined
}

interface Row {
  readonly key: number
  readonly version: number
  readonly json: string
  /** The link to its issue, when one is written down. */
  readonly link: string | null
}

/** A task with its link. */
interface Linked {
  readonly row: Row
  readonly task: Entity
  readonly link: IssueLink | undefined
}

export const createCommits = (db: Database, keyOrder: KeyOrder, table: FieldTable): Commits => {
  const columns = createColumns(table)
  const lists = createListRows(db, table)
  const keys = createKeyRecords(db)
  const links = createLinkRecords(db)
  const titles = createTitleRows(db)
  const find = db.prepare(`
    SELECT tasks.key, tasks.version, tasks.json, github_links.json AS link
    FROM tasks LEFT JOIN github_links ON github_links.task_id = tasks.id WHERE tasks.id = ?`)
  const insertTask = db.prepare(
    `INSERT INTO tasks (id, json, ${columns.names}) VALUES (?, ?${', ?'.repeat(columns.names.length)})`,
  )
  const deleteTask = db.prepare('DELETE FROM tasks WHERE key = ?')
  const insertWords = db.prepare('INSERT INTO task_words (rowid, words) VALUES (?, ?)')
  const deleteWords = db.prepare('DELETE FROM task_words WHERE rowid = ?')
  const insertEvent = db.prepare('INSERT INTO events (task_id, version, json) VALUES (?, ?, ?)')
  const update = createUpdate(db)

  const read = (id: string): Linked | undefined => {
    const row = find.get(id) as Row | undefined
    if (row === undefined) return undefined
    const task = table.withDefaults(JSON.parse(row.json) as Entity)
    return { row, task, link: toLink(row.link) ?? toldLink(task) }
  }

  const addEvent = (event: NewTaskEvent, version: number): void => {
    insertEvent.run(event.task_id, version, JSON.stringify(event))
  }

  const replaceTask = (key: number, before: Entity, after: Entity): StoredTask => {
    const json = JSON.stringify(after)
    const [columnsBefore, columnsAfter] = [columns.of(before), columns.of(after)]
    update(key, columnsBefore, columnsAfter, json)
    titles.move(key, placeOf(columnsBefore), placeOf(columnsAfter))
    lists.replace(key, before, after)
    if (!table.haveSameWords(before, after)) {
      deleteWords.run(key)
      insertWords.run(key, table.wordsOf(after).join(' '))
    }
    return { id: after.id, version: after.version, json }
  }

  const removeTask = (key: number, task: Entity): void => {
    titles.remove(key, placeOf(columns.of(task)))
    deleteWords.run(key)
    deleteTask.run(key)
  }

  const carryOut = ({ row, task: current, link }: Linked, decision: Decision): CommitResult => {
    switch (decision.kind) {
      case 'refuse':
        return { kind: 'refused', error: decision.error }
      case 'keep':
        return {
          kind: 'stored',
          task: { id: current.id, version: row.version, json: row.json },
          replayed: false,
        }
      case 'change': {
        const { task, event } = decision
        const next = withNextRevision(link, decision.link)
        addEvent(event, task.version)
        if (next) links.put(next)
        return {
          kind: 'stored',
          task: replaceTask(row.key, current, next ? withLink(task, next) : task),
          replayed: false,
        }
      }
      case 'delete': {
        addEvent(decision.event, row.version + 1)
        const next = withNextRevision(link, decision.link)
        if (next) links.put(next)
        removeTask(row.key, current)
        return { kind: 'deleted', replayed: false }
      }
    }
  }

  return {
    create(given, event, key, link) {
      const earlier = key && keys.answer(key)
      if (earlier !== undefined) return earlier
      const task = link ? withLink(given, link) : given
      if (link && !isTold(link)) links.put(link)
      const values = columns.of(task)
      const json = JSON.stringify(task)
      keyOrder.add(toMilliseconds(task.created_at))
      const { lastInsertRowid } = insertTask.run(task.id, json, ...Object.values(values))
      const rowKey = Number(lastInsertRowid)
      titles.add(rowKey, placeOf(values))
      lists.add(rowKey, task)
      insertWords.run(rowKey, table.wordsOf(task).join(' '))
      addEvent(event, task.version)
      const stored = { id: task.id, version: task.version, json }
      if (key !== undefined) keys.recordCreation(key, stored)
      return { kind: 'stored', task: stored, replayed: false }
    },

    change(id, decide, key) {
      const earlier = key && keys.answer(key)
      if (earlier !== undefined) return earlier
      const linked = read(id)
      if (linked === undefined) return { kind: 'absent' }
      const error = key && keys.checkCount(key, id)
      if (error !== undefined) return { kind: 'refused', error }
      const result = carryOut(linked, decide(linked.task, linked.link))
      if (key !== undefined) {
        if (result.kind === 'stored') keys.recordChange(key, id, result.task.version)
        if (result.kind === 'deleted') keys.recordChange(key, id, linked.row.version + 1)
      }
      return result
    },

    claim: (key) => keys.claim(key),

    changeLink(taskId, decide) {
      const linked = read(taskId)
      const link = linked ? linked.link : links.get(taskId)
      if (link === undefined) return undefined
      const next = withNextRevision(link, decide(link, linked?.task))
      if (next === undefined) return link
      if (next === null) links.remove(taskId)
      else links.put(next)
      if (linked) {
        const { row, task } = linked
        replaceTask(row.key, task, next === null ? { ...task, sync: null } : withLink(task, next))
      }
      return next ?? undefined
    },

    addLink(taskId, now) {
      const linked = read(taskId)
      if (linked === undefined || linked.link !== undefined) return false
      const { row, task } = linked
      const link = createLink(taskId, now, task.version)
      links.put(link)
      replaceTask(row.key, task, withLink(task, link))
      return true
    },

    writeLink(taskId) {
      const linked = read(taskId)
      if (linked?.link && linked.row.link === null) links.put(linked.link)
    },

    link(taskId) {
      const linked = read(taskId)
      return linked ? linked.link : links.get(taskId)
    },
  }
}

const placeOf = (columns: TaskColumns): Place => columns as unknown as Place

/** Sets the changed columns alone, as SQLite rewrites every index that a SET names, changed or not. */
const createUpdate = (db: Database) => {
  const statements = new Map<string, ReturnType<Database['prepare']>>()
  return (key: number, before: TaskColumns, after: TaskColumns, json: string): void => {
    const changed = Object.keys(after).filter((column) => before[column] !== after[column])
    const assignments = changed.map((column) => `${column} = ?, `).join('')
    let statement = statements.get(assignments)
    if (statement === undefined) {
      statement = db.prepare(`UPDATE tasks SET ${assignments}json = ? WHERE key = ?`)
      statements.set(assignments, statement)
    }
    statement.run(...changed.map((column) => after[column] ?? null), json, key)
  }
}
