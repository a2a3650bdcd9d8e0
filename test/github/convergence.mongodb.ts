import { createDatabaseUrl } from '../mongodb.ts'
import { describeConvergence } from './convergence-contract.ts'

describeConvergence('MongoDB', createDatabaseUrl)
