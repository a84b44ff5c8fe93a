using Dcron.Api;
using Dcron.Grains.Processes.Guarding;
using Dcron.Silo;
using Dcron.Storage;

// The same program guards its scripts from outside: it ends them when the node is gone.
if (args is [GuardProgram.Argument])
{
    return GuardProgram.Run();
}

var builder = WebApplication.CreateBuilder(HostSettings.Of(args));
builder.AddDcronStorage();
builder.AddDcronSilo();
builder.AddDcronApi();

var app = builder.Build();
app.MapDcronApi();
return await app.RunToEndAsync();
