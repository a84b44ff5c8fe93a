using Dcron.Api;
using Dcron.Grains;
using Dcron.Storage;

var builder = WebApplication.CreateBuilder(HostSettings.Of(args));
builder.AddDcronStorage();
builder.AddDcronRecords();
builder.AddDcronClient();
builder.AddDcronApi();

var app = builder.Build();
app.MapDcronApi();
return await app.RunToEndAsync();
