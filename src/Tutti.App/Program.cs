return Tutti.App.Session.Start(args);
