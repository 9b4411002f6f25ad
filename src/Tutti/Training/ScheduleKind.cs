namespace Tutti.Training;

/// <summary>How the learning rate moves after the warm-up.</summary>
public enum ScheduleKind { Constant, Linear, Cosine, OneCycle }
