export const PROFILED = []
export const profile = () => {}
export const toProfileText = () => {}
