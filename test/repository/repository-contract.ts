import { describe } from 'vitest'
import { describeChanges } from './change-contract.ts'
import { describeChangeKeys } from './change-key-contract.ts'
import { describeFilters } from './filter-contract.ts'
import { describeHistory } from './history-contract.ts'
import { describeKeys } from './key-contract.ts'
import { describeLists } from './list-contract.ts'
import { describeSync } from './sync-contract.ts'
import { describeTasks } from './task-contract.ts'
import type { Open } from './task-store.ts'

/**
 * What every adapter of the port promises, seen through the port alone. `open` gives an empty repository of
 * the test's own each time; the suite closes it.
 */
export const describeRepository = (name: string, open: Open): void => {
  describe(name, () => {
    describeTasks(open)
    describeLists(open)
    describeFilters(open)
    describeHistory(open)
    describeChanges(open)
    describeKeys(open)
    describeChangeKeys(open)
    describeSync(open)
  })
}
