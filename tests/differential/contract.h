/* The parts of the contract test. */
#ifndef TESTS_DIFFERENTIAL_CONTRACT_H
#define TESTS_DIFFERENTIAL_CONTRACT_H

/* POSIX locks of the process survive what preload does with files of its own accord. */
void contract_locks(void);

#endif
