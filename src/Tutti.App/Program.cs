using System.CommandLine;
using Tutti.App;
using Tutti.App.Commands;

var root = new RootCommand("Train, ensemble and debug deep-learning models on the memory you have.")
{
    TrainCommand.Make(), PredictCommand.Make(), EvaluateCommand.Make(), DemoCommand.Make(), DoctorCommand.Make(),
};
root.Options.Add(Session.Verbose);
return Session.Start(root, args);
