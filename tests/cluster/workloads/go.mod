module netcheck.test/workloads

go 1.24.0
