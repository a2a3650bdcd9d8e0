import { describe, expect, test } from 'vitest'
import { planList as planMongoList } from '#src/repository/mongo/list-plan.ts'
import { taskIndexes } from '#src/repository/mongo/migrations.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { planList } from '#src/repository/sqlite/list-plan.ts'
import { EXTENDED, EXTENDED_MIGRATIONS, newSqlite } from './extra-field.ts'
import { describeExtraField } from './extra-field-contract.ts'
import { plansOf } from './mongo-planner.ts'

describeExtraField('an SQLite file', newSqlite)

const SORTS = [false, true].map((descending) => ({ key: 'assignee', descending }))
const PLACES = [undefined, 'ann', null] as const

describe('the indexes of one more field', () => {
  test('hold each of its pages in order on SQLite, and find each of its values', () => {
    const { db, close } = openFile(':memory:', EXTENDED_MIGRATIONS)
    const explain = (filter: object, sort: (typeof SORTS)[number], value?: string | null) =>
      planList(
        EXTENDED,
        { filter: { ...filter }, sort },
        value === undefined ? undefined : { value, key: 7 },
        false,
      ).legs.flatMap(({ sql, parameters }) =>
        db
          .prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .all(...parameters, 50)
          .map(({ detail }) => String(detail)),
      )
    for (const sort of SORTS) {
      for (const value of PLACES) {
        const ordered = explain({}, sort, value)
        expect(ordered).toContainEqual(expect.stringMatching(/INDEX tasks_by_state_and_assignee/))
        expect(ordered.filter((line) => /^SCAN tasks|TEMP B-TREE/.test(line))).toEqual([])
        for (const assignee of [['ann'], ['ann', 'bob']])
          expect(explain({ assignee }, { key: 'created_at', descending: false })).toContainEqual(
            expect.stringMatching(/^SEARCH tasks USING INDEX tasks_by_assignee/),
          )
      }
    }
    close()
  })

  test('hold each of its pages in order on MongoDB, and find each of its values', () => {
    for (const sort of SORTS) {
      for (const value of PLACES) {
        const after = value === undefined ? undefined : { value, id: 'x' }
        const plansFor = (filter: object) => {
          const plan = planMongoList(EXTENDED, { filter: { ...filter }, sort }, after)
          const shape = { name: '', filter: plan.filter, sort: plan.sort as object }
          return plansOf(shape, taskIndexes(EXTENDED))
        }
        expect(plansFor({})).toContainEqual(expect.objectContaining({ isExact: true }))
        for (const assignee of [['ann'], ['ann', 'bob']])
          expect(plansFor({ assignee })).toContainEqual(
            expect.objectContaining({ index: 'by_assignee', bounded: ['task.assignee'] }),
          )
      }
    }
  })
})
