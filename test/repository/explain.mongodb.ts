import { type Document, MongoClient } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { createDocuments, newDocument, type TaskDocument } from '#src/repository/mongo/documents.ts'
import { planList } from '#src/repository/mongo/list-plan.ts'
import { migrate } from '#src/repository/mongo/migrate.ts'
import { taskIndexes } from '#src/repository/mongo/migrations.ts'
import { createTask, TASK } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { serverUrl, withDatabase } from '../mongodb.ts'
import { BY } from '../request-context.ts'
import { flatFilters, positionsOf } from './mongo-shapes.ts'
import { ALL_SORTS, mixedDraft, sortName } from './task-model.ts'

const TASK_INDEXES = taskIndexes(TASK)

const TASK_DOCUMENTS = createDocuments(TASK)

const client = new MongoClient(withDatabase(serverUrl(), `test_explain_${Date.now()}`))

/** Some hundred tasks, so that a server has something to choose from. */
const seed = async (): Promise<void> => {
  await migrate(client.db(), TASK)
  const newId = createUuids(undefined)
  const documents = Array.from({ length: 500 }, (_, index) => {
    const task = createTask(mixedDraft(index), newId(), instantAt(index % 40))
    return newDocument(TASK_DOCUMENTS, task, createdEvent(task, BY), [], undefined)
  })
  await client.db().collection<TaskDocument>('tasks').insertMany(documents)
}

/** Every value of a name, however deep: stages are within stages, and on a sharded cluster within shards. */
const valuesOf = (name: string, plan: unknown): unknown[] => {
  if (typeof plan !== 'object' || plan === null) return []
  return Object.entries(plan).flatMap(([key, value]) => [
    ...(key === name ? [value] : []),
    ...valuesOf(name, value),
  ])
}

const NAMES: ReadonlySet<unknown> = new Set(TASK_INDEXES.map(({ name }) => name))

/** What is wrong with a plan in MongoDB's own format; in the stand-in's, which tells PostgreSQL's plan, whether an index is used at all. */
const problemsOf = (
  explained: Document,
): { readonly format: string; readonly problems: unknown[] } => {
  const stages = valuesOf('winningPlan', explained).flatMap((plan) => valuesOf('stage', plan))
  if (stages.length > 0) {
    const scans = stages.filter((stage) => stage === 'COLLSCAN' || stage === 'SORT')
    return {
      format: 'MongoDB',
      problems: stages.includes('IXSCAN') ? scans : ['no IXSCAN', ...stages],
    }
  }
  const indexes = valuesOf('Index Name', explained)
  return {
    format: 'another',
    problems: indexes.some((name) => NAMES.has(name))
      ? []
      : ['no index', ...valuesOf('Node Type', explained)],
  }
}

beforeAll(async () => {
  await seed()
  return async () => {
    await client.db().dropDatabase()
    await client.close()
  }
})

/** Where a plan tells little, a few tell as much as hundreds. */
const FEW = 5

describe('a flat list, as the server explains it', () => {
  const formats = new Set<string>()

  test.for(ALL_SORTS)(
    'by $key (descending: $descending) is read from an index in its order',
    async (sort) => {
      const tasks = client.db().collection<TaskDocument>('tasks')
      for (const filter of flatFilters(sort).slice(0, formats.has('another') ? FEW : undefined)) {
        for (const after of positionsOf(sort)) {
          const plan = planList(TASK, { filter, sort }, after)
          const explained: Document = await tasks
            .find(plan.filter, { sort: plan.sort, limit: 50 })
            .explain('queryPlanner')
          const { format, problems } = problemsOf(explained)
          formats.add(format)
          expect([sortName(sort), filter, after, problems]).toEqual([
            sortName(sort),
            filter,
            after,
            [],
          ])
        }
      }
    },
  )

  test('in a format that is told', () => {
    expect([['MongoDB'], ['another']]).toContainEqual([...formats])
    if (formats.has('MongoDB')) return
    console.warn(
      'This server does not explain its plans as MongoDB does: only the use of an index was checked, not that there is no COLLSCAN and no SORT. mongo-plans.test.ts holds the queries against the indexes without a server.',
    )
  })
})
