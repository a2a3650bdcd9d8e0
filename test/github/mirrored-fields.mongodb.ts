import { createDatabaseUrl } from '../mongodb.ts'
import { describeMirroredFields } from './mirrored-fields-contract.ts'

describeMirroredFields('MongoDB', createDatabaseUrl)
