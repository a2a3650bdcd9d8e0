import { describe } from 'vitest'
import { describeChanges } from './change-contract.ts'
import { describeChangeKeys } from './change-key-contract.ts'
import { describeFilters } from './filter-contract.ts'
import { describeHistory } from './history-contract.ts'
import { describeClaims, describeKeys } from './key-contract.ts'
import { describeLists } from './list-contract.ts'
import { describeRecords } from './record-contract.ts'
import { SUBJECTS } from './subject.ts'
import { describeSync } from './sync-contract.ts'
import { describeEntities } from './task-contract.ts'
import type { Open } from './task-store.ts'

/**
 * What every adapter of the port promises, seen through the port alone. `open` gives an empty repository of
 * the test's own each time; the suite closes it.
 */
export const describeRepository = (name: string, open: Open): void => {
  describe(name, () => {
    for (const subject of SUBJECTS) {
      describe(`of ${subject.kind}s`, () => {
        describeEntities(open, subject)
        describeHistory(open, subject)
        describeChanges(open, subject)
        describeKeys(open, subject)
        describeChangeKeys(open, subject)
      })
    }
    describeLists(open)
    describeFilters(open)
    describeClaims(open)
    describeRecords(open)
    describeSync(open)
  })
}
