#!/bin/bash
# Four machines, one rank on each; several GPUs a machine: --ntasks-per-node and --gpus-per-task 1. Not tried on a cluster yet.
#SBATCH --job-name tutti
#SBATCH --nodes 4
#SBATCH --ntasks-per-node 1
#SBATCH --cpus-per-task 16
#SBATCH --time 12:00:00
#SBATCH --requeue

# The folder is shared between the machines; the same command goes on after a requeue.
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))

# --kill-on-bad-exit: no task is left waiting where one cannot start at all.
srun --kill-on-bad-exit=1 ./tutti doctor --distributed recipe.yaml || exit 1
srun --kill-on-bad-exit=0 ./tutti train recipe.yaml --run runs/shared && exit 0

# A rank was lost, or a machine failed: begin again from the newest checkpoint.
scontrol requeue "$SLURM_JOB_ID"
